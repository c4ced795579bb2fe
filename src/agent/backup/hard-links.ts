/** Files with several names are read once: what was read under the first serves the others, if they are still the same. */

import type { FileEntry } from '../../model/entry.ts'
import type { FileFacts } from '../source/facts.ts'

export type FileContent = Pick<FileEntry, 'sizeBytes' | 'content' | 'map'>

export interface HardLinks {
  find(facts: FileFacts): FileContent | undefined
  remember(facts: FileFacts, content: FileContent): void
}

export function createHardLinks(): HardLinks {
  const read = new Map<string, FileContent>()
  return {
    find: (facts) => (facts.links > 1 ? read.get(keyOf(facts)) : undefined),
    remember: (facts, content) => {
      if (facts.links > 1) read.set(keyOf(facts), content)
    },
  }
}

const keyOf = ({ deviceId, inode, sizeBytes, mtimeNs, ctimeNs }: FileFacts): string =>
  [deviceId, inode, sizeBytes, mtimeNs, ctimeNs].join()
