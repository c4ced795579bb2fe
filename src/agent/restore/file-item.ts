/** A file that gets a name in the target. */

import type { FileEntry } from '../../model/entry.ts'
import type { NewName } from './naming.ts'
import type { LeafItem } from './plan.ts'

export interface FileItem extends LeafItem {
  readonly entry: FileEntry
  readonly naming: NewName
}
