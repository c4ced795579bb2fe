/** What the vault needs of a place that keeps bytes under names: nothing is overwritten, acknowledged means durable. */

import type { Readable } from 'node:stream'
import { BackupError, errorCodeOf } from '../../base/errors.ts'

export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>

export interface ExpectedBytes {
  /** Hexadecimal. A content-addressed key promises its own hash without being told. */
  readonly sha256?: string | undefined
  readonly sizeBytes?: number | undefined
}

export interface StoredObject {
  readonly key: string
  readonly sizeBytes: number
  readonly storedAtMs: number
}

/** `end` is the first byte that is not wanted any more. */
export interface ReadRange {
  readonly start: number
  readonly end: number
}

export interface OpenObject {
  /** Of the whole object, whatever the range. */
  readonly sizeBytes: number
  /** Whoever does not read it to the end destroys it. */
  readonly body: Readable
}

export type Soundness = 'sound' | 'healed' | 'damaged'

export interface ObjectStore {
  /**
   * Keeps the bytes if nothing bears the name: `created`, or `exists` when the same bytes were there. Either way they are durable.
   * Stored bytes that are not what their name or their own sum says are replaced by good ones, nothing else ever is.
   * @throws BackupError `hash-mismatch`, `already-exists` (other bytes), `vault-full`
   */
  create(key: string, source: ByteSource, expected?: ExpectedBytes): Promise<'created' | 'exists'>
  /**
   * Whole objects that are kept twice are checked before their first byte is handed out, and healed from the other copy.
   * @throws BackupError `not-found`, `damaged`
   */
  read(key: string, range?: ReadRange): Promise<OpenObject>
  stat(key: string): Promise<StoredObject | undefined>
  /**
   * Reads all of it, and heals it where a sound copy is there; undefined where nothing bears the name.
   * Damaged bytes stay as they are.
   */
  check(key: string): Promise<Soundness | undefined>
  /** All objects below a folder, keys ascending, those after `after`. */
  list(prefix: string, after?: string): AsyncIterable<StoredObject>
  /** Names of the folders directly below a folder, ascending. */
  folders(prefix: string): Promise<readonly string[]>
  /**
   * Gives content-addressed bytes another name; false, and nothing done, if nothing bears the first or a sound object bears the
   * second. Stopped at any moment and done again it ends the same, and at every moment, also where they are moved there and
   * back at once, the bytes bear one of the names.
   */
  move(key: string, newKey: string): Promise<boolean>
  /** Not reachable through the API: for purge. */
  remove(key: string): Promise<void>
}

/** @throws BackupError `not-found`, `damaged` (also where there is more than `maxBytes`) */
export async function readWhole(
  store: ObjectStore,
  key: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { sizeBytes, body } = await store.read(key)
  if (sizeBytes > maxBytes) {
    body.destroy()
    throw new BackupError(
      'damaged',
      `${key} has ${sizeBytes} bytes, at most ${maxBytes} are legal.`,
    )
  }
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for await (const part of body as AsyncIterable<Uint8Array>) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The same, undefined where nothing bears the name. */
export async function readIfThere(
  store: ObjectStore,
  key: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return (await store.stat(key)) === undefined ? undefined : await readWhole(store, key, maxBytes)
  } catch (error) {
    // A collection has moved it between the two.
    if (errorCodeOf(error) === 'not-found') return undefined
    throw error
  }
}
