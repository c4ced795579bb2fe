/** Puts an entry into the archive: all that is known of it is gathered first, so that it comes whole or not at all. */

import type { ChunkReader } from '../../../../repository/chunk-reader.ts'
import type { TreeReader } from '../../../../repository/tree-reader.ts'
import { wantedXattrs } from '../../attributes.ts'
import type { DirectoryItem, LeafItem } from '../../plan.ts'
import type { RestoreReport } from '../../report.ts'
import type { Place } from '../../target/target.ts'
import { contentOf, countedContent, type Content } from '../content.ts'
import { refused } from '../refused.ts'
import type { TarArchive } from './archive.ts'
import { attributeRecord } from './attributes.ts'
import { tarHeader, type TarHeader, type TarOwners } from './header.ts'
import { maxPaxBytes, recordBytes, type PaxRecord } from './pax.ts'

export interface EntryContext {
  readonly archive: TarArchive
  readonly report: RestoreReport
  readonly tree: TreeReader
  readonly chunks: ChunkReader
  readonly owners: TarOwners
  readonly acls: boolean
  readonly xattrs: boolean
}

type Item = DirectoryItem | LeafItem

/**
 * False when it is not in the archive, which is reported.
 * `linkedTo`: the place of a name of the same file that is in the archive already.
 */
export async function addEntry(
  item: Item,
  context: EntryContext,
  linkedTo?: Place,
): Promise<boolean> {
  const { archive, report } = context
  let header: TarHeader
  let content: Content
  try {
    header = tarHeader(item, context.owners, linkedTo)
    if (recordsBytes(header.records) > maxPaxBytes) throw refused('Its path is too long for tar.')
    content = header.plain.type === 'file' ? await contentOf(item, context) : []
  } catch (error) {
    report.failed(item.path, { kind: 'content' }, error)
    return false
  }
  const attributes = linkedTo === undefined ? await attributesOf(item, header, context) : []
  const records = [...header.records, ...attributes]
  await archive.add(header.plain, records, countedContent(content, report))
  return true
}

/** Those that are wanted and fit; the others are reported. */
async function attributesOf(
  { entry, path }: Item,
  header: TarHeader,
  { tree, report, acls, xattrs }: EntryContext,
): Promise<PaxRecord[]> {
  const records: PaxRecord[] = []
  let leftBytes = maxPaxBytes - recordsBytes(header.records)
  for (const attribute of wantedXattrs(entry, { acls, xattrs })) {
    try {
      const record = attributeRecord(attribute, await tree.attribute(attribute))
      const lengthBytes = recordBytes(record)
      if (lengthBytes > leftBytes) throw refused('The attributes are too large for tar.')
      leftBytes -= lengthBytes
      records.push(record)
    } catch (error) {
      report.failed(path, { kind: 'xattr', name: attribute.name }, error)
    }
  }
  return records
}

const recordsBytes = (records: readonly PaxRecord[]): number =>
  records.reduce((sum, record) => sum + recordBytes(record), 0)
