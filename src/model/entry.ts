/** Entries of trees: what a point keeps of a file, and the rules that every entry obeys (docs/format.md 7.1). */

import { BackupError } from '../base/errors.ts'
import { compareBytes } from '../base/bytes.ts'
import type { ChunkReference } from './ids.ts'
import {
  maxAttributeNameBytes,
  maxChunkBytes,
  maxInlineChunks,
  maxInlineValueBytes,
  maxInlineValuesBytes,
  maxNameBytes,
  maxPageBytes,
  maxTargetBytes,
} from './limits.ts'

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | DeviceEntry | SpecialEntry
export type EntryType = Entry['type']

/** Times are nanoseconds since 1970. What is undefined is not known, or the system has no such thing. */
export interface EntryBase {
  /** Empty in a root entry only. */
  readonly name: Uint8Array
  readonly mtimeNs: bigint
  readonly ctimeNs?: bigint | undefined
  /** Time of birth; never 0. */
  readonly btimeNs?: bigint | undefined
  /** The low 12 bits. */
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** Never 0; undefined where the file system's numbers do not last. */
  readonly inode?: bigint | undefined
  /** Number of names of this file, where more than one. */
  readonly links?: number | undefined
  /** Ascending by name; undefined rather than empty. */
  readonly xattrs?: readonly Attribute[] | undefined
  readonly flags: EntryFlags
}

/** A file: neither `content` nor `map` when it is empty, `content` for up to 64 chunks, `map` for more. */
export interface FileEntry extends EntryBase {
  readonly type: 'file'
  readonly sizeBytes: number
  readonly content?: readonly ChunkReference[] | undefined
  readonly map?: ChunkReference | undefined
}

export interface DirectoryEntry extends EntryBase {
  readonly type: 'directory'
  readonly links?: undefined
  readonly tree: ChunkReference
}

export interface SymlinkEntry extends EntryBase {
  readonly type: 'symlink'
  readonly target: Uint8Array
}

export interface DeviceEntry extends EntryBase {
  readonly type: 'block' | 'char'
  readonly device: DeviceNumber
}

export interface SpecialEntry extends EntryBase {
  readonly type: 'fifo' | 'socket'
}

export interface DeviceNumber {
  readonly major: number
  readonly minor: number
}

export interface EntryFlags {
  /** It changed while it was read. */
  readonly changed: boolean
  /** An earlier point's copy, kept because it could not be read this time. */
  readonly stale: boolean
  readonly mountPoint: boolean
  /** Of files: chunks that are zeros throughout stand for holes. */
  readonly sparse?: true
}

export const noFlags: EntryFlags = { changed: false, stale: false, mountPoint: false }

/** An extended attribute: its value, or the chunks that hold it (see `isInlineValue`). */
export type Attribute =
  | { readonly name: Uint8Array; readonly value: Uint8Array }
  | { readonly name: Uint8Array; readonly content: readonly ChunkReference[] }

/** Whether a value stands in its entry, where the values before it took `inlineBytesBefore` there. */
export const isInlineValue = (valueBytes: number, inlineBytesBefore: number): boolean =>
  valueBytes <= maxInlineValueBytes && inlineBytesBefore + valueBytes <= maxInlineValuesBytes

/** Whether a directory's entry can bear this name. */
export const isEntryName = (name: Uint8Array): boolean =>
  name.length >= 1 &&
  name.length <= maxNameBytes &&
  !name.includes(0) &&
  !name.includes(0x2f) &&
  !(name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e)))

export const isLinkTarget = (target: Uint8Array): boolean =>
  target.length >= 1 && target.length <= maxTargetBytes && !target.includes(0)

export const isAttributeName = (name: Uint8Array): boolean =>
  name.length >= 1 && name.length <= maxAttributeNameBytes && !name.includes(0)

/** The sum of the chunks' lengths. */
export const totalBytes = (references: readonly ChunkReference[]): number =>
  references.reduce((sum, reference) => sum + reference.lengthBytes, 0)

/** Throws `malformed` where an entry of a directory breaks a rule that its type does not show. */
export function checkEntry(entry: Entry): void {
  if (!isEntryName(entry.name)) throw broken('its name is outside the limits')
  checkRest(entry)
}

/** The same for a point's root entry: a directory without a name. */
export function checkRootEntry(entry: Entry): asserts entry is DirectoryEntry {
  if (entry.type !== 'directory' || entry.name.length > 0) throw broken('it is no root')
  checkRest(entry)
}

function checkRest(entry: Entry): void {
  if (entry.flags.sparse && entry.type !== 'file') throw broken('only files have holes')
  checkNumbers(entry)
  if (entry.xattrs !== undefined) checkAttributes(entry.xattrs)
  switch (entry.type) {
    case 'file':
      checkFile(entry)
      return
    case 'directory':
      checkReference(entry.tree, maxPageBytes)
      return
    case 'symlink':
      if (!isLinkTarget(entry.target)) throw broken('its target is outside the limits')
      return
    case 'block':
    case 'char':
      checkUint(entry.device.major, maxU32, 'its device')
      checkUint(entry.device.minor, maxU32, 'its device')
      return
    case 'fifo':
    case 'socket':
  }
}

function checkNumbers(entry: Entry): void {
  if (entry.btimeNs === 0n) throw broken('its time of birth is 0')
  if (entry.inode === 0n) throw broken('its inode number is 0')
  if (entry.mode !== undefined) checkUint(entry.mode, 0o7777, 'its mode')
  if (entry.uid !== undefined) checkUint(entry.uid, maxU32, 'its uid')
  if (entry.gid !== undefined) checkUint(entry.gid, maxU32, 'its gid')
  if (entry.links === undefined) return
  checkUint(entry.links, maxU32, 'its number of links')
  if (entry.links < 2) throw broken('its number of links is below 2')
}

function checkFile({ sizeBytes, content, map }: FileEntry): void {
  checkUint(sizeBytes, Number.MAX_SAFE_INTEGER, 'its size')
  if (map !== undefined) {
    checkReference(map, maxPageBytes)
    if (content !== undefined || sizeBytes <= maxInlineChunks) throw broken('it needs no file map')
    return
  }
  if (content === undefined) {
    if (sizeBytes > 0) throw broken('it has no content')
    return
  }
  if (content.length < 1 || content.length > maxInlineChunks)
    throw broken('its chunks are too many or none')
  for (const reference of content) checkReference(reference, maxChunkBytes)
  if (totalBytes(content) !== sizeBytes) throw broken('its size is not the sum of its chunks')
}

function checkAttributes(attributes: readonly Attribute[]): void {
  if (attributes.length === 0) throw broken('its attributes are empty')
  let inlineBytes = 0
  let before: Uint8Array | undefined
  for (const attribute of attributes) {
    const { name } = attribute
    if (!isAttributeName(name)) throw broken('the name of an attribute is outside the limits')
    if (before !== undefined && compareBytes(before, name) >= 0)
      throw broken('its attributes are not in order')
    before = name
    inlineBytes += checkAttribute(attribute, inlineBytes)
  }
}

/** The bytes of its value that stand in the entry. */
function checkAttribute(attribute: Attribute, inlineBytesBefore: number): number {
  const inline = 'value' in attribute
  if (!inline) for (const reference of attribute.content) checkReference(reference, maxChunkBytes)
  const valueBytes = inline ? attribute.value.length : totalBytes(attribute.content)
  if (inline !== isInlineValue(valueBytes, inlineBytesBefore)) {
    throw broken('the value of an attribute stands in the wrong place')
  }
  return inline ? valueBytes : 0
}

const maxU32 = 0xffff_ffff

function checkUint(value: number, most: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw broken(`${what} is outside the limits`)
  }
}

function checkReference({ lengthBytes }: ChunkReference, mostBytes: number): void {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > mostBytes) {
    throw broken('the length of a chunk is outside the limits')
  }
}

const broken = (why: string): BackupError =>
  new BackupError('malformed', `Not an entry of a tree: ${why}.`)
