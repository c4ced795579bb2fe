/**
 * Reads deterministic CBOR piece by piece, for what is too much to go through cborg: entries of trees.
 * It refuses longer heads than needed, indefinite lengths and lengths beyond the input; the order of keys is the caller's.
 */

import { BackupError } from '../base/errors.ts'
import { viewOf } from '../base/bytes.ts'

export class CborReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #at = 0

  /** `what` names the thing in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#what = what
  }

  /** How far it has read. */
  get at(): number {
    return this.#at
  }

  /** An unsigned integer below 2^53. */
  uint(): number {
    return this.#head(0)
  }

  /** An unsigned integer of 64 bits. */
  uint64(): bigint {
    return this.#bigHead(0)
  }

  /** An integer from -2^63 to 2^63 - 1. */
  int64(): bigint {
    const negative = ((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20
    const value = this.#bigHead(negative ? 0x20 : 0)
    if (value > 0x7fff_ffff_ffff_ffffn) throw this.malformed('an integer needs over 64 bits')
    return negative ? -1n - value : value
  }

  /** A byte string, sharing memory with the input. */
  bytes(): Uint8Array {
    const length = this.#head(0x40)
    const start = this.#at
    if (length > this.#bytes.length - start) throw this.malformed('it is cut off')
    this.#at = start + length
    return this.#bytes.subarray(start, this.#at)
  }

  /** The number of items that follow: never more than there are bytes. */
  array(): number {
    return this.#counted(0x80, 1)
  }

  /** The number of fields that follow: never more than there are bytes for. */
  map(): number {
    return this.#counted(0xa0, 2)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.malformed('bytes follow it')
  }

  malformed(why: string): BackupError {
    return new BackupError('malformed', `Not ${this.#what} of this format: ${why}.`)
  }

  #counted(major: number, bytesEach: number): number {
    const count = this.#head(major)
    if (count * bytesEach > this.#bytes.length - this.#at) throw this.malformed('it is cut off')
    return count
  }

  #head(major: number): number {
    const info = this.#info(major)
    if (info < 24) return info
    const at = this.#at
    this.#at = at + (1 << (info - 24))
    if (this.#at > this.#bytes.length) throw this.malformed('it is cut off')
    if (info === 24) return this.#shortest(this.#view.getUint8(at), 24)
    if (info === 25) return this.#shortest(this.#view.getUint16(at), 0x100)
    if (info === 26) return this.#shortest(this.#view.getUint32(at), 0x1_0000)
    const value = this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4)
    if (!Number.isSafeInteger(value)) throw this.malformed('an integer is too large')
    return this.#shortest(value, 0x1_0000_0000)
  }

  #bigHead(major: number): bigint {
    if (((this.#bytes[this.#at] ?? 0) & 0x1f) !== 27) return BigInt(this.#head(major))
    this.#info(major)
    const at = this.#at
    this.#at = at + 8
    if (this.#at > this.#bytes.length) throw this.malformed('it is cut off')
    const value = this.#view.getBigUint64(at)
    if (value < 0x1_0000_0000n) throw this.malformed('an integer is longer than needed')
    return value
  }

  /** The low five bits of the next head, 0..27. */
  #info(major: number): number {
    const head = this.#bytes[this.#at]
    if (head === undefined) throw this.malformed('it is cut off')
    if ((head & 0xe0) !== major) throw this.malformed('a value is of the wrong kind')
    const info = head & 0x1f
    if (info > 27) throw this.malformed('a length is indefinite')
    this.#at++
    return info
  }

  #shortest(value: number, least: number): number {
    if (value < least) throw this.malformed('an integer is longer than needed')
    return value
  }
}
