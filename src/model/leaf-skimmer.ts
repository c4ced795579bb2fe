/**
 * Goes over the entries of a leaf page without making anything of them: where the fields lie that tell whether a file
 * changed (docs/format.md 7.1). Bounds are kept, all else is not checked: what has to be right is decoded.
 */

import { BackupError } from '../base/errors.ts'
import { viewOf } from '../base/bytes.ts'
import { entryKey } from './entry-fields.ts'

const uint = 0
const negative = 0x20
const byteString = 0x40
const array = 0x80
const map = 0xa0

/** Attributes, and the bytes in them: no entry holds anything deeper. */
const deepest = 3

/** Numbers of 64 bits in halves; what an entry does not have is 0, or an empty range. */
export class LeafSkimmer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #left: number
  #high = 0
  #low = 0
  #seen = 0

  /** The entry as a whole, to be decoded. */
  start = 0
  nameStart = 0
  nameEnd = 0
  /** Of `entryTypeCode`. */
  type = 0
  sizeBytes = 0
  mtimeHigh = 0
  mtimeLow = 0
  ctimeHigh = 0
  ctimeLow = 0
  inodeHigh = 0
  inodeLow = 0
  /** Of chunk references. */
  contentStart = 0
  contentEnd = 0
  flags = 0
  /** A time before 1970. */
  isEarly = false
  /** It uses chunks beside its content: of a file map, or of large attributes. */
  usesMore = false

  /** @throws BackupError `malformed` where it is no leaf */
  constructor(bytes: Uint8Array) {
    if (!isLeafPage(bytes)) throw cutOff()
    this.bytes = bytes
    this.#view = viewOf(bytes)
    this.#at = leafHeadBytes
    this.#left = this.#size(array)
  }

  /** Behind the entry. */
  get end(): number {
    return this.#at
  }

  has(field: number): boolean {
    return (this.#seen & (1 << field)) !== 0
  }

  /** On to the next entry, if there is one. @throws BackupError `malformed` */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.#clear()
    for (let left = this.#size(map); left > 0; left--) {
      const field = this.#size(uint)
      this.#seen |= 1 << (field & 31)
      this.#field(field)
    }
    return true
  }

  #clear(): void {
    this.start = this.#at
    this.#seen = 0
    this.sizeBytes = 0
    this.inodeHigh = 0
    this.inodeLow = 0
    this.contentStart = 0
    this.contentEnd = 0
    this.flags = 0
    this.isEarly = false
    this.usesMore = false
  }

  #field(field: number): void {
    switch (field) {
      case entryKey.name:
        this.nameEnd = this.#bytes()
        this.nameStart = this.nameEnd - this.#low
        return
      case entryKey.type:
        this.type = this.#size(uint)
        return
      case entryKey.size:
        this.#head()
        this.sizeBytes = this.#high * 0x1_0000_0000 + this.#low
        return
      case entryKey.mtime:
        if (this.#head() === negative) this.isEarly = true
        this.mtimeHigh = this.#high
        this.mtimeLow = this.#low
        return
      case entryKey.ctime:
        if (this.#head() === negative) this.isEarly = true
        this.ctimeHigh = this.#high
        this.ctimeLow = this.#low
        return
      case entryKey.inode:
        this.#head()
        this.inodeHigh = this.#high
        this.inodeLow = this.#low
        return
      case entryKey.content:
        this.contentEnd = this.#bytes()
        this.contentStart = this.contentEnd - this.#low
        return
      case entryKey.flags:
        this.flags = this.#size(uint)
        return
      case entryKey.xattrs:
        this.#attributes()
        return
      default:
        if (field === entryKey.map) this.usesMore = true
        this.#skip(deepest)
    }
  }

  #attributes(): void {
    for (let left = this.#size(array); left > 0; left--) {
      this.#size(array)
      this.#bytes()
      if (this.#size(uint) !== 0) this.usesMore = true
      this.#bytes()
    }
  }

  /** Where the byte string ends; its length is in `#low`. */
  #bytes(): number {
    const length = this.#size(byteString)
    if (length > this.bytes.length - this.#at) throw cutOff()
    return (this.#at += length)
  }

  #skip(depth: number): void {
    const major = this.#head()
    if (major === uint || major === negative) return
    if (this.#high !== 0 || this.#low > this.bytes.length - this.#at || depth === 0) throw cutOff()
    if (major === byteString) this.#at += this.#low
    else if (major === array) for (let left = this.#low; left > 0; left--) this.#skip(depth - 1)
    else throw cutOff()
  }

  /** A head of that kind, below 2^32. */
  #size(major: number): number {
    if (this.#head() !== major || this.#high !== 0) throw cutOff()
    return this.#low
  }

  /** Reads a head into `#high` and `#low`, and gives its kind. */
  #head(): number {
    const at = this.#at
    const head = this.bytes[at] ?? 0xff
    const info = head & 0x1f
    const more = info < 24 ? 0 : 1 << (info - 24)
    this.#at = at + 1 + more
    if (info > 27 || this.#at > this.bytes.length) throw cutOff()
    this.#high = more === 8 ? this.#view.getUint32(at + 1) : 0
    if (more === 0) this.#low = info
    else if (more === 1) this.#low = this.#view.getUint8(at + 1)
    else if (more === 2) this.#low = this.#view.getUint16(at + 1)
    else this.#low = this.#view.getUint32(at + 1 + more - 4)
    return head & 0xe0
  }
}

/** A map of two fields: level 0, and an array. */
const leafHead = [0xa2, 0, 0, 1]
const leafHeadBytes = leafHead.length

export const isLeafPage = (page: Uint8Array): boolean =>
  leafHead.every((byte, at) => page[at] === byte)

const cutOff = (): BackupError =>
  new BackupError('malformed', 'Not a page of a tree of this format: it can not be read.')
