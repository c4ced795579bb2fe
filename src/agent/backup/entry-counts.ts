/** How many entries a point, or a part of it, holds. */

import type { Entry } from '../../model/entry.ts'

export interface EntryCounts {
  files: number
  directories: number
  others: number
  /** Bytes of all files. */
  fileBytes: number
}

export const noEntries = (): EntryCounts => ({ files: 0, directories: 0, others: 0, fileBytes: 0 })

export function countEntry(counts: EntryCounts, entry: Entry): void {
  if (entry.type === 'directory') counts.directories++
  else if (entry.type === 'file') {
    counts.files++
    counts.fileBytes += entry.sizeBytes
  } else counts.others++
}

export function addCounts(counts: EntryCounts, more: EntryCounts): void {
  counts.files += more.files
  counts.directories += more.directories
  counts.others += more.others
  counts.fileBytes += more.fileBytes
}
