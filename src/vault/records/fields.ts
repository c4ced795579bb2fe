/** Fields of a log entry: a number in the payload's map and a way to and from CBOR. */

import { concatBytes } from '../../base/bytes.ts'
import { asArray, asBytes, asText, asUint, type CborMap, type CborValue } from '../../model/cbor.ts'
import {
  idBytes,
  machineIdOf,
  objectIdOf,
  parseSourceName,
  vaultIdOf,
  type MachineId,
  type ObjectId,
  type SourceName,
  type VaultId,
} from '../../model/ids.ts'
import { BackupError } from '../../base/errors.ts'

export interface Field<T> {
  encode(value: T): CborValue | undefined
  decode(value: CborValue | undefined, what: string): T
}

export const textField: Field<string> = { encode: (text) => text, decode: asText }
export const uintField: Field<number> = { encode: (number) => number, decode: asUint }
export const bytesField: Field<Uint8Array> = {
  encode: (bytes) => bytes,
  decode: (value, what) => Uint8Array.from(asBytes(value, what)),
}
export const vaultIdField: Field<VaultId> = {
  encode: idBytes,
  decode: (value, what) => vaultIdOf(asBytes(value, what, 16)),
}
export const machineIdField: Field<MachineId> = {
  encode: idBytes,
  decode: (value, what) => machineIdOf(asBytes(value, what, 16)),
}

export const sourceField: Field<SourceName> = {
  encode: (source) => source,
  decode: (value, what) => parseSourceName(asText(value, what)),
}

/** Numbers of points, ascending. */
export const seqsField: Field<readonly number[]> = {
  encode: (seqs) => [...seqs],
  decode: (value, what) => {
    const seqs = asArray(value, what).map((seq) => asUint(seq, what))
    const isAscending = seqs.every((seq, at) => seq > (seqs[at - 1] ?? 0))
    if (seqs.length > 0 && isAscending) return seqs
    throw new BackupError('malformed', `${what} is no ascending list of points.`)
  },
}

const idLength = 32

export const objectIdField: Field<ObjectId> = {
  encode: idBytes,
  decode: (value, what) => objectIdOf(asBytes(value, what, idLength)),
}

/** Joined into one byte string: a record has room for 450 of them. */
export const objectIdsField: Field<readonly ObjectId[]> = {
  encode: (ids) => concatBytes(...ids.map(idBytes)),
  decode: (value, what) => {
    const bytes = asBytes(value, what)
    if (bytes.length === 0 || bytes.length % idLength !== 0) {
      throw new BackupError('malformed', `${what} is no list of ids.`)
    }
    return Array.from({ length: bytes.length / idLength }, (_, at) =>
      objectIdOf(bytes.subarray(at * idLength, (at + 1) * idLength)),
    )
  },
}

export const booleanField: Field<boolean> = {
  encode: (value) => (value ? 1 : 0),
  decode: (value, what) => {
    const number = asUint(value, what)
    if (number > 1) throw new BackupError('malformed', `${what} is neither 0 nor 1.`)
    return number === 1
  },
}

/** One of some words. */
export const choiceField = <const Word extends string>(words: readonly Word[]): Field<Word> => ({
  encode: (word) => word,
  decode: (value, what) => {
    const text = asText(value, what)
    const word = words.find((known) => known === text)
    if (word === undefined) throw new BackupError('malformed', `${what} is unknown: ${text}.`)
    return word
  },
})

/** Absent where undefined. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  encode: (value) => (value === undefined ? undefined : field.encode(value)),
  decode: (value, what) => (value === undefined ? undefined : field.decode(value, what)),
})

export type Shape = Readonly<Record<string, readonly [number, Field<unknown>]>>

export type PayloadOf<S extends Shape> = {
  readonly [Name in keyof S]: S[Name] extends readonly [number, Field<infer T>] ? T : never
}

export function encodePayload(shape: Shape, values: Readonly<Record<string, unknown>>): CborMap {
  const map = new Map<number, CborValue>()
  for (const [name, [key, field]] of Object.entries(shape)) {
    const encoded = field.encode(values[name])
    if (encoded !== undefined) map.set(key, encoded)
  }
  return map
}

/** @throws BackupError `malformed`, also for keys that the shape does not have */
export function decodePayload(shape: Shape, map: CborMap, what: string): Record<string, unknown> {
  const known = new Set(Object.values(shape).map(([key]) => key))
  for (const key of map.keys()) {
    if (!known.has(key)) throw new BackupError('malformed', `${what} has an unknown field ${key}.`)
  }
  return Object.fromEntries(
    Object.entries(shape).map(([name, [key, field]]) => [
      name,
      field.decode(map.get(key), `field ${key} of ${what}`),
    ]),
  )
}
