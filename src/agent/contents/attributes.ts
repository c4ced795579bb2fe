/** The extended attributes of a file as fields of its entry: small values in it, large ones as chunks. */

import { messageOf } from '../../base/errors.ts'
import { isInlineValue, type Attribute } from '../../model/entry.ts'
import { chunkReferenceBytes, type ChunkReference } from '../../model/ids.ts'
import { maxChunkBytes, maxEntryBytes } from '../../model/limits.ts'
import type { XattrListing } from '../source/read-xattrs.ts'
import type { AttributeFailure } from './messages.ts'

export interface GatheredAttributes {
  readonly inline: readonly Attribute[]
  /** Too large to stand in an entry. */
  readonly large: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[]
  readonly failures: readonly AttributeFailure[]
}

/** What is left for attributes in an entry of the largest name and link target. */
const roomBytes = maxEntryBytes - 80 * 1024
/** What CBOR adds to an attribute, at most. */
const overheadBytes = 16

/** What could not be read, or has no room in an entry, is in `failures`. */
export function gatherAttributes({ xattrs, failures: unread }: XattrListing): GatheredAttributes {
  const inline: Attribute[] = []
  const large: { name: Uint8Array; value: Uint8Array }[] = []
  const failures = unread.map(({ name, error }) => ({ name, detail: messageOf(error) }))
  let [inlineBytes, takenBytes] = [0, 0]
  for (const { name, value } of xattrs) {
    const isInline = isInlineValue(value.length, inlineBytes)
    const held = isInline
      ? value.length
      : chunkReferenceBytes * Math.ceil(value.length / maxChunkBytes)
    const needed = name.length + held + overheadBytes
    if (takenBytes + needed > roomBytes) {
      failures.push({ name, detail: 'The file has more attributes than an entry can hold.' })
      continue
    }
    takenBytes += needed
    if (isInline) inlineBytes += value.length
    ;(isInline ? inline : large).push({ name, value })
  }
  return { inline, large, failures }
}

/** In the order of the names again. */
export const withLarge = (
  inline: readonly Attribute[],
  large: readonly { readonly name: Uint8Array; readonly content: readonly ChunkReference[] }[],
): readonly Attribute[] => [...inline, ...large].sort((a, b) => Buffer.compare(a.name, b.name))
