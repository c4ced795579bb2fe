/** Records that differ from a good one in single fields. */

import { decodeCbor, encodeCbor, type CborValue } from '../../src/model/cbor.ts'

export type FieldChange = readonly [number, CborValue | undefined]

/** The CBOR map with some of its fields replaced; undefined leaves a field out. */
export function editedMap(
  bytes: Uint8Array,
  ...changes: readonly FieldChange[]
): Uint8Array<ArrayBuffer> {
  const map = new Map(mapOf(decodeCbor(bytes)))
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
  return encodeCbor(map)
}

/** The keys of the map, as they stand in it. */
export const keysOf = (bytes: Uint8Array): number[] => [...mapOf(decodeCbor(bytes)).keys()]

function mapOf(value: CborValue): ReadonlyMap<number, CborValue> {
  if (value instanceof Map) return value as ReadonlyMap<number, CborValue>
  throw new TypeError('no map')
}
