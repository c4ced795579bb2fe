/**
 * The daemon: wakes every minute and has due runs made, and answers `backup status`. It keeps nothing that is not in the
 * state directory, so it can be killed at any moment, and a policy that was changed holds from the next minute on.
 */

import { createTask } from 'node-cron'
import { BackupError, messageOf } from '../../base/errors.ts'
import { watchSources, type DaemonWatch } from '../journal/daemon-watch.ts'
import { systemCalls } from '../system/open.ts'
import { acquireLock, type RunLock } from '../system/run-lock.ts'
import { createDueRuns, type DueRuns, type DueRunsParts } from './due-runs.ts'
import { isTooLong, serveLocally, type LocalServer } from './local-socket.ts'
import type { DaemonStatus } from './daemon-status.ts'

export interface DaemonParts extends DueRunsParts {
  readonly version: string
  readonly pid: number
  readonly socket: string
  /** Called once it looks and answers. */
  readonly onReady: () => void
  readonly signal: AbortSignal
}

/** Until the signal; what goes on then is ended so that what was sent is kept. @throws BackupError `busy` */
export async function runDaemon(parts: DaemonParts): Promise<void> {
  const lock = lockOf(parts)
  const runs = createDueRuns(parts)
  const watch = watchSources(parts.state)
  try {
    await lookAtPolicy(parts, watch)
    const server = await openSocket(parts, runs, watch)
    const looks = lookEveryMinute(async () => {
      await lookAtPolicy(parts, watch)
      await runs.look()
    })
    parts.onReady()
    await runs.look()
    await aborted(parts.signal)
    await looks.destroy()
    await server?.close()
  } finally {
    await runs.stop()
    await watch.close()
    lock.release()
  }
}

function lockOf({ state }: DaemonParts): RunLock {
  const lock = acquireLock(systemCalls(), state.paths.agentLock)
  if (lock !== undefined) return lock
  throw new BackupError('busy', 'The daemon of this state directory is running already.', {
    hint: 'See what it does: backup status',
  })
}

/** By a clock that people read, whatever zone: looks come at full minutes, also after the machine slept. */
function lookEveryMinute(look: () => Promise<void>) {
  const task = createTask('* * * * *', look, { logger: silent })
  void task.start()
  return task
}

const nothing = () => undefined
/** A minute that was missed is made up for by the next. */
const silent = { info: nothing, warn: nothing, error: nothing, debug: nothing }

/** A policy that can not be read is the trouble of the look that follows. */
async function lookAtPolicy({ say }: DaemonParts, watch: DaemonWatch): Promise<void> {
  try {
    await watch.look()
  } catch (error) {
    say({ kind: 'trouble', message: messageOf(error) })
  }
}

async function openSocket(
  parts: DaemonParts,
  runs: DueRuns,
  watch: DaemonWatch,
): Promise<LocalServer | undefined> {
  if (isTooLong(parts.socket)) {
    const message = `${parts.socket} is too long for a socket: backup status can not ask this daemon.`
    parts.say({ kind: 'trouble', message })
    return undefined
  }
  const { pid, version } = parts
  const startedMs = parts.clock.now()
  return serveLocally(parts.socket, async (question) => {
    const answer = await watch.answer(question)
    if (answer !== undefined) return answer
    if (question !== 'status') throw new Error('unknown question')
    const watched = [...(await watch.status())]
    return { pid, version, startedMs, watched, ...(await runs.status()) } satisfies DaemonStatus
  })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
