/** `backup run --detach`: the same command in a process of its own, which outlives this one. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { sleep } from '../../base/flow.ts'
import { listJobs } from '../../agent/jobs/job-files.ts'
import { registrationOf } from '../../agent/state/state.ts'
import type { SourceName } from '../../model/ids.ts'
import type { CommandContext } from './context.ts'
import { stateOf } from './state-of.ts'
import { sourcesToRunNow } from './sources-to-run.ts'

const lookEveryMs = 100

/** @throws BackupError `usage`, `not-registered`, `unknown-source`; `internal` where it ends before it has begun */
export async function runDetached(
  context: CommandContext,
  wanted: SourceName | undefined,
): Promise<void> {
  const { host, output, signal } = context
  const state = stateOf(host)
  await registrationOf(state)
  const sources = await sourcesToRunNow(state, wanted)
  const child = startAgain(context)
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  for (;;) {
    // Asked before the list is read: what it has begun by then is in there.
    const wasGone = isGone()
    const jobs = (await listJobs(state.paths.jobs)).filter(({ pid }) => pid === child.pid)
    if (jobs.length >= sources.length) {
      for (const { id, source } of jobs) {
        output.event({ event: 'job', id, kind: 'backup', source })
        output.line(`${id}  ${source ?? ''}`)
      }
      return
    }
    if (wasGone) throw notBegun(state.paths.log)
    await sleep(lookEveryMs, signal)
  }
}

function startAgain({ host }: CommandContext) {
  const [node = process.execPath, script = 'backup', ...words] = host.argv
  const child = spawn(
    node,
    [resolve(host.cwd(), script), ...words.filter((word) => word !== '--detach')],
    { stdio: 'ignore', detached: true, windowsHide: true, env: { ...host.env }, cwd: host.cwd() },
  )
  child.on('error', () => undefined)
  child.unref()
  return child
}

const notBegun = (log: string): BackupError =>
  new BackupError('internal', 'The run ended before it had begun.', { hint: `See ${log}.` })
