/** The locks that runs hold, and whatever else must not happen beside one. */

import { dirname } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { acquireLock, type RunLock } from '../../agent/system/run-lock.ts'
import { waitForLock } from '../../agent/system/wait-for-lock.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'

/** Undefined while a run of the source goes on. */
export async function runLockOf(
  { paths }: AgentState,
  source: SourceName,
): Promise<RunLock | undefined> {
  const path = paths.runLock(source)
  await makeDirectoryDurable(dirname(path))
  return acquireLock(systemCalls(), path)
}

type NamedPolicy = readonly [SourceName, SourcePolicy]

/**
 * Each source under its lock; one that another process is at is left out. `work` hands on what the next begins with.
 * @throws BackupError `busy` after all others had their turn
 */
export async function eachUnlocked<Agent extends { readonly state: AgentState }>(
  given: Agent,
  sources: readonly NamedPolicy[],
  work: (agent: Agent, source: NamedPolicy) => Promise<Agent>,
): Promise<void> {
  let agent = given
  let busy: SourceName | undefined
  for (const named of sources) {
    const [source] = named
    const lock = await runLockOf(agent.state, source)
    if (lock === undefined) {
      busy ??= source
      continue
    }
    try {
      agent = await work(agent, named)
    } finally {
      lock.release()
    }
  }
  if (busy !== undefined) throw busySource(busy)
}

const busySource = (source: SourceName): BackupError =>
  new BackupError('busy', `Another run of the source ${source} is going on.`, {
    hint: 'Wait for it to end.',
  })

/** For what changes the key: no run of any source goes on, and none gets at the key. @throws BackupError `busy` */
export async function lockOf(state: AgentState): Promise<RunLock> {
  const held = [await keyLockOf(state)]
  const release = () => {
    for (const lock of held) lock.release()
  }
  for (const name of Object.keys(await state.loadPolicy())) {
    const source = parseSourceName(name)
    const lock = await runLockOf(state, source)
    if (lock !== undefined) held.push(lock)
    else {
      release()
      throw busySource(source)
    }
  }
  return { release }
}

/** Runs of several sources may come to another epoch at the same time. */
export async function withKeyLock<T>(state: AgentState, work: () => Promise<T>): Promise<T> {
  const lock = await keyLockOf(state)
  try {
    return await work()
  } finally {
    lock.release()
  }
}

const keyLockOf = ({ paths }: AgentState): Promise<RunLock> =>
  waitForLock(paths.keyLock, 'changing the key', 60_000)
