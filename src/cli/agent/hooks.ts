/** The hooks around a run: what they are told, and what becomes of it where they fail. */

import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { runHook } from '../../agent/hooks/run-hook.ts'
import type { RunResult } from '../../agent/backup/run.ts'
import type { SourceName } from '../../model/ids.ts'
import type { HookName, Hooks } from '../../policy/hooks.ts'
import type { CommandContext } from './context.ts'

export interface HookedRun {
  readonly source: SourceName
  readonly hooks: Hooks | undefined
  readonly jobId: string | undefined
}

type Facts = Readonly<Record<string, string>>

/** @throws BackupError `hook-failed` where `before` fails: then there is no run; what `work` throws */
export async function withHooks(
  context: CommandContext,
  run: HookedRun,
  work: () => Promise<RunResult>,
): Promise<RunResult> {
  if (run.hooks === undefined) return work()
  let result: RunResult
  try {
    await before(context, run)
    result = await work()
  } catch (error) {
    await behind(context, run, { name: 'on-failure', facts: failureFacts(error) })
    throw error
  }
  const name = result.leftOut.leftOutCount > 0 ? 'on-warning' : 'on-success'
  await behind(context, run, { name, facts: resultFacts(result) })
  return result
}

async function before(context: CommandContext, run: HookedRun): Promise<void> {
  const failure = await runNamed(context, run, { name: 'before', facts: {} })
  if (failure === undefined) return
  throw new BackupError('hook-failed', `The hook before the run ${failure}`, {
    hint: 'Nothing was backed up. See: backup policy show --yaml',
  })
}

interface NamedHook {
  readonly name: HookName
  readonly facts: Facts
}

/** Also where the run was told to end: what `before` began has to be brought to its end. */
async function behind(
  context: CommandContext,
  run: HookedRun,
  { name, facts }: NamedHook,
): Promise<void> {
  for (const each of ['after', name] as const) {
    const failure = await runNamed(context, run, { name: each, facts })
    if (failure !== undefined) context.output.warn(`Warning: the hook ${each} ${failure}`)
  }
}

/** How it failed, and the last that it wrote. */
async function runNamed(
  { host, output }: CommandContext,
  { source, hooks, jobId }: HookedRun,
  { name, facts }: NamedHook,
): Promise<string | undefined> {
  const hook = hooks?.[name]
  if (hook === undefined) return undefined
  output.detail(`Hook ${name}: ${hook.run}`)
  const { failure, tail } = await runHook(hook, {
    ...withoutOurs(host.env),
    ...{ BACKUP_HOOK: name, BACKUP_SOURCE: source, BACKUP_JOB: jobId ?? '' },
    ...facts,
  })
  if (tail !== '') output.detail(tail)
  return failure && `${failure}${tail === '' ? '.' : `:\n${tail}`}`
}

/** Where passphrases lie is nothing that a hook has to know. */
const withoutOurs = (env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        name === 'BACKUP_STATE_DIR' ||
        !(name.startsWith('BACKUP_') || name === 'CREDENTIALS_DIRECTORY'),
    ),
  )

const failureFacts = (error: unknown): Facts => ({
  ...{ BACKUP_OUTCOME: 'failure', BACKUP_ERROR: errorCodeOf(error) ?? 'internal' },
})

const resultFacts = ({ point, counts, leftOut, bytesRead, bytesSent }: RunResult): Facts => ({
  BACKUP_OUTCOME: leftOut.leftOutCount > 0 ? 'warning' : 'success',
  BACKUP_POINT: point?.id ?? '',
  BACKUP_FILES: String(counts.files),
  BACKUP_LEFT_OUT: String(leftOut.leftOutCount),
  BACKUP_BYTES_READ: String(bytesRead),
  BACKUP_BYTES_SENT: String(bytesSent),
})
