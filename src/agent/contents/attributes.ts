/** The extended attributes of a file as fields of its entry: small values in it, large ones as chunks. */

import { messageOf } from '../../base/errors.ts'
import { isInlineValue, type Attribute } from '../../model/entry.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { readXattrs } from '../source/read-xattrs.ts'
import type { AttributeFailure } from './messages.ts'

export interface GatheredAttributes {
  readonly inline: readonly Attribute[]
  /** Too large to stand in an entry. */
  readonly large: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[]
  readonly failures: readonly AttributeFailure[]
}

/** Never throws a system's error: what can not be read is in `failures`. */
export function gatherAttributes(path: Uint8Array): GatheredAttributes {
  const { xattrs, failures } = readXattrs(path)
  const inline: Attribute[] = []
  const large: { name: Uint8Array; value: Uint8Array }[] = []
  let inlineBytes = 0
  for (const { name, value } of xattrs) {
    if (isInlineValue(value.length, inlineBytes)) {
      inlineBytes += value.length
      inline.push({ name, value })
    } else large.push({ name, value })
  }
  return {
    inline,
    large,
    failures: failures.map(({ name, error }) => ({ name, detail: messageOf(error) })),
  }
}

/** In the order of the names again. */
export const withLarge = (
  inline: readonly Attribute[],
  large: readonly { readonly name: Uint8Array; readonly content: readonly ChunkReference[] }[],
): readonly Attribute[] => [...inline, ...large].sort((a, b) => Buffer.compare(a.name, b.name))
