/** What to do where something has the name already: the user's rule, and what is there. */

import type { LeafEntry } from './plan.ts'

/**
 * `copy`: both are kept, what is restored under a name of its own. `if-newer`: replaced by what was modified later.
 * `if-changed`: replaced where kind, size or time of modification differ.
 */
export const conflictRules = ['copy', 'overwrite', 'skip', 'if-newer', 'if-changed'] as const
export type ConflictRule = (typeof conflictRules)[number]

/** What is known of the thing that has the name. */
export interface Existing {
  readonly kind: LeafEntry['type'] | 'directory' | 'other'
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  /** It came while the restore was running: it may be another entry, which the file system takes for the same name. */
  readonly isRecent: boolean
}

/** `compare`: there already, if its content is the same; `otherwise` if not. */
export type Verdict =
  | { readonly kind: 'replace' | 'copy' | 'skip' | 'there' | 'blocked' }
  | { readonly kind: 'compare'; readonly otherwise: 'replace' | 'copy' }

/** A directory is never replaced, nor is anything that came meanwhile. */
export function judgeConflict(entry: LeafEntry, existing: Existing, rule: ConflictRule): Verdict {
  if (rule === 'skip') return { kind: 'skip' }
  if (existing.kind === 'directory') return { kind: rule === 'copy' ? 'copy' : 'blocked' }
  if (existing.isRecent) return { kind: 'copy' }
  const looksSame =
    existing.kind === entry.type &&
    (entry.type !== 'file' || existing.sizeBytes === entry.sizeBytes) &&
    existing.mtimeNs === entry.mtimeNs
  switch (rule) {
    case 'copy':
      return looksSame ? { kind: 'compare', otherwise: 'copy' } : { kind: 'copy' }
    case 'overwrite':
      return looksSame ? { kind: 'compare', otherwise: 'replace' } : { kind: 'replace' }
    case 'if-newer':
      return { kind: entry.mtimeNs > existing.mtimeNs ? 'replace' : 'skip' }
    case 'if-changed':
      return { kind: looksSame ? 'there' : 'replace' }
  }
}

/** Whether the rule lets what is there be changed: then also directories get their attributes. */
export const mayReplace = (rule: ConflictRule): boolean => rule !== 'copy' && rule !== 'skip'

/** `2026-11-24 12-45 Copy of NAME`, in local time; from the second on numbered. */
export function copyName(name: Uint8Array, nowMs: number, number: number): Uint8Array {
  const time = new Date(nowMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  const count = number > 1 ? ` (${number})` : ''
  const prefix = `${day} ${two(time.getHours())}-${two(time.getMinutes())}${count} Copy of `
  return Buffer.concat([Buffer.from(prefix), name])
}

/** Whether `copyName` made it. */
export const isCopyName = (name: Uint8Array): boolean =>
  /^\d{4}-\d\d-\d\d \d\d-\d\d( \(\d+\))? Copy of /.test(Buffer.from(name).toString('latin1'))
