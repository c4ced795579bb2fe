/** What may be taken over from the previous point without looking inside (DESIGN 6, change detection). */

import type { Entry } from '../../model/entry.ts'
import type { FileFacts } from '../source/facts.ts'

/** How far the previous point's entries are believed. */
export interface Trust {
  /**
   * `entries`: all that an entry holds; `contents`: the previous run read other kinds of metadata, so only the content
   * of files is taken over.
   */
  readonly reuse: 'entries' | 'contents'
  /** What changed at this time or later (two seconds before that run's start) may have changed again unseen, in ns. */
  readonly beforeNs: bigint
}

/** Clocks of file systems may be this coarse. */
const coarsestClockNs = 2_000_000_000n

export const trustBefore = (startedAtMs: number): bigint =>
  BigInt(Math.floor(startedAtMs)) * 1_000_000n - coarsestClockNs

/** Whether the file is the one that the entry describes, with the same content. `inode` is undefined where numbers do not last. */
export function isUnchanged(
  entry: Entry,
  facts: FileFacts & { readonly lastingInode: bigint | undefined },
  trust: Trust,
): boolean {
  if (entry.type !== facts.kind || entry.flags.changed || entry.flags.stale) return false
  if (entry.type === 'file' && entry.sizeBytes !== facts.sizeBytes) return false
  return (
    entry.mtimeNs === facts.mtimeNs &&
    entry.ctimeNs === facts.ctimeNs &&
    entry.inode === facts.lastingInode &&
    facts.mtimeNs < trust.beforeNs &&
    facts.ctimeNs < trust.beforeNs
  )
}
