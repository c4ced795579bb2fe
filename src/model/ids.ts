/** Branded names of things; text from outside becomes one only through its parser. */

import { BackupError } from '../base/errors.ts'
import { bufferOf, toHex, viewOf } from '../base/bytes.ts'

declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/** 64 hexadecimal digits: SHA-256 of an object's stored bytes. */
export type ObjectId = Branded<string, 'ObjectId'>
/** 64 hexadecimal digits: SHA-256 of a commit record's body; a point's id. */
export type RecordHash = Branded<string, 'RecordHash'>
/** 64 hexadecimal digits: keyed hash of a chunk. Kept as text so that it can be a key of a Map. */
export type ChunkId = Branded<string, 'ChunkId'>
/** 32 hexadecimal digits. */
export type VaultId = Branded<string, 'VaultId'>
/** 32 hexadecimal digits. */
export type MachineId = Branded<string, 'MachineId'>
/** `[a-z0-9][a-z0-9-]{0,31}` */
export type SourceName = Branded<string, 'SourceName'>

/** What a vault keeps under a content address; packs of data and of trees are told apart. */
export const objectKinds = ['data', 'tree', 'index', 'refs', 'manifest'] as const
export type ObjectKind = (typeof objectKinds)[number]

const parser =
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the border where text becomes an id
  <Id extends string>(name: string, pattern: RegExp) =>
    (text: string): Id => {
      if (!pattern.test(text)) {
        throw new BackupError(
          'malformed',
          `Not a valid ${name}: ${JSON.stringify(text.slice(0, 80))}.`,
        )
      }
      return text as Id
    }

const hex32 = /^[0-9a-f]{64}$/
const hex16 = /^[0-9a-f]{32}$/

export const parseObjectId = parser<ObjectId>('object id', hex32)
export const parseRecordHash = parser<RecordHash>('record hash', hex32)
export const parseChunkId = parser<ChunkId>('chunk id', hex32)
export const parseVaultId = parser<VaultId>('vault id', hex16)
export const parseMachineId = parser<MachineId>('machine id', hex16)
export const parseSourceName = parser<SourceName>('source name', /^[a-z0-9][a-z0-9-]{0,31}$/)

/** The 32 zero bytes before a source's first record. */
export const noRecord = '0'.repeat(64) as RecordHash

/** An id's bytes: 32 or 16. */
export function idBytes(
  id: ObjectId | RecordHash | ChunkId | VaultId | MachineId,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(id.length / 2)
  if (bufferOf(bytes).write(id, 'hex') !== bytes.length) {
    throw new BackupError('malformed', `Not an id: ${id}.`)
  }
  return bytes
}

const fromIdBytes =
  <Id extends string>(length: number, parse: (text: string) => Id) =>
  (bytes: Uint8Array): Id => {
    if (bytes.length !== length) throw new BackupError('malformed', 'An id has a wrong length.')
    return parse(toHex(bytes))
  }

export const objectIdOf = fromIdBytes(32, parseObjectId)
export const recordHashOf = fromIdBytes(32, parseRecordHash)
export const chunkIdOf = fromIdBytes(32, parseChunkId)
export const vaultIdOf = fromIdBytes(16, parseVaultId)
export const machineIdOf = fromIdBytes(16, parseMachineId)

/** A chunk and the length of its plaintext: 36 bytes wherever it is written (format.md 3). */
export interface ChunkReference {
  readonly id: ChunkId
  readonly lengthBytes: number
}

export const chunkReferenceBytes = 36

/** Joins references into `n × 36` bytes. */
export function encodeChunkReferences(
  references: readonly ChunkReference[],
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(references.length * chunkReferenceBytes)
  const view = viewOf(out)
  references.forEach((reference, at) => {
    out.set(idBytes(reference.id), at * chunkReferenceBytes)
    view.setUint32(at * chunkReferenceBytes + 32, reference.lengthBytes, true)
  })
  return out
}

/** The inverse; lengths are at least 1 and at most `maxBytes`. */
export function decodeChunkReferences(bytes: Uint8Array, maxBytes: number): ChunkReference[] {
  if (bytes.length % chunkReferenceBytes !== 0) {
    throw new BackupError('malformed', 'Chunk references do not fill their byte string.')
  }
  const view = viewOf(bytes)
  const references: ChunkReference[] = []
  for (let at = 0; at < bytes.length; at += chunkReferenceBytes) {
    const lengthBytes = view.getUint32(at + 32, true)
    if (lengthBytes < 1 || lengthBytes > maxBytes) {
      throw new BackupError('malformed', `A chunk of ${lengthBytes} bytes is outside the limits.`)
    }
    references.push({ id: chunkIdOf(bytes.subarray(at, at + 32)), lengthBytes })
  }
  return references
}
