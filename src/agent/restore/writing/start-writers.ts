/** Starts the threads of a restore. */

import { startPool } from '../../../workers/pool.ts'
import type { RestoreContext } from '../context.ts'
import { identityOf } from './engine.ts'
import type { ThreadSetup, Writers, WritingKeys, WritingSetup } from './messages.ts'

/** Of a restore. */
export type WritingParts = Pick<RestoreContext, 'target' | 'nowNs' | 'attributes'>

export interface WriterOptions extends WritingKeys {
  /** At most. */
  readonly threads: number
}

export async function startWriters(
  { threads, ...keys }: WriterOptions,
  parts: WritingParts,
): Promise<Writers> {
  const setup: ThreadSetup = { keys, writing: await writingSetup(parts) }
  return startPool({ script: new URL('./thread.js', import.meta.url), setup, threads })
}

/** As it can be sent. */
export async function writingSetup({
  target,
  nowNs,
  attributes: { owner, acls, xattrs, privileged },
}: WritingParts): Promise<WritingSetup> {
  const identity = await identityOf(target)
  const attributes = { owner, acls, xattrs, privileged }
  return { path: target.path, identity, nowNs, attributes }
}
