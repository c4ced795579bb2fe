/**
 * Writes deterministic CBOR piece by piece, for what is too much to go through cborg: entries of trees.
 * The caller keeps map keys ascending; a test holds the bytes to those of `encodeCbor`.
 */

import { BackupError } from '../base/errors.ts'
import { viewOf } from '../base/bytes.ts'
import type { ChunkReference } from './ids.ts'
import { chunkReferenceBytes } from './ids.ts'

/** A buffer that grows and is used again; `take` hands out what was written since the last one. */
export class CborWriter {
  #bytes = Buffer.alloc(4096)
  #view = viewOf(this.#bytes)
  #at = 0

  /** An unsigned integer below 2^53. */
  uint(value: number): void {
    this.#head(0, value)
  }

  /** A signed integer of 64 bits. */
  int(value: bigint): void {
    const negative = value < 0n
    this.#bigHead(negative ? 0x20 : 0, negative ? -1n - value : value)
  }

  bytes(value: Uint8Array): void {
    this.#head(0x40, value.length)
    this.raw(value)
  }

  /** A byte string of chunk references. */
  references(references: readonly ChunkReference[]): void {
    this.#head(0x40, references.length * chunkReferenceBytes)
    this.#reserve(references.length * chunkReferenceBytes)
    for (const { id, lengthBytes } of references) {
      this.#bytes.write(id, this.#at, 'hex')
      this.#view.setUint32(this.#at + 32, lengthBytes, true)
      this.#at += chunkReferenceBytes
    }
  }

  array(length: number): void {
    this.#head(0x80, length)
  }

  /** A map of at most 23 fields whose number is known only after them: see `endMap`. */
  beginMap(): number {
    this.#reserve(1)
    this.#bytes[this.#at] = 0xa0
    return this.#at++
  }

  endMap(begin: number, fields: number): void {
    this.#bytes[begin] = 0xa0 | fields
  }

  /** Bytes that are CBOR already. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  take(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#at)
    out.set(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return out
  }

  /** Forgets what a failed caller left. */
  reset(): void {
    this.#at = 0
  }

  #head(major: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new BackupError('malformed', `A number is no unsigned integer: ${value}.`)
    }
    this.#reserve(9)
    const at = this.#at
    if (value < 24) {
      this.#bytes[at] = major | value
      this.#at = at + 1
    } else if (value < 0x100) {
      this.#bytes[at] = major | 24
      this.#bytes[at + 1] = value
      this.#at = at + 2
    } else if (value < 0x1_0000) {
      this.#bytes[at] = major | 25
      this.#view.setUint16(at + 1, value)
      this.#at = at + 3
    } else if (value < 0x1_0000_0000) {
      this.#bytes[at] = major | 26
      this.#view.setUint32(at + 1, value)
      this.#at = at + 5
    } else {
      this.#bytes[at] = major | 27
      this.#view.setUint32(at + 1, Math.floor(value / 0x1_0000_0000))
      this.#view.setUint32(at + 5, value >>> 0)
      this.#at = at + 9
    }
  }

  #bigHead(major: number, value: bigint): void {
    if (value < 0x1_0000_0000n) {
      this.#head(major, Number(value))
      return
    }
    if (value > 0xffff_ffff_ffff_ffffn)
      throw new BackupError('malformed', 'A number needs over 64 bits.')
    this.#reserve(9)
    this.#bytes[this.#at] = major | 27
    this.#view.setBigUint64(this.#at + 1, value)
    this.#at += 9
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#at + more))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}
