/** An entry of a tree as bytes, and back (docs/format.md 7.1). */

import { BackupError } from '../base/errors.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import type { Attribute, DirectoryEntry, Entry, EntryFlags } from './entry.ts'
import { checkEntry, checkRootEntry } from './entry.ts'
import { entryKey, entryTypeCode } from './entry-fields.ts'
import { readEntry, readEntryFields } from './entry-reader.ts'
import type { ChunkReference } from './ids.ts'
import { maxEntryBytes } from './limits.ts'

/** The bytes of an entry of a directory. @throws BackupError `malformed` if it breaks a rule. */
export function encodeEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  checkEntry(entry)
  return encode(entry)
}

/** Decodes exactly one entry of a directory, strictly. Its byte strings share memory with `bytes`. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const reader = new CborReader(bytes, 'an entry')
  const entry = readEntry(reader)
  reader.end()
  return entry
}

export function encodeRootEntry(entry: DirectoryEntry): Uint8Array<ArrayBuffer> {
  checkRootEntry(entry)
  return encode(entry)
}

export function decodeRootEntry(bytes: Uint8Array): DirectoryEntry {
  const reader = new CborReader(bytes, 'a root entry')
  const entry = readEntryFields(reader)
  reader.end()
  checkRootEntry(entry)
  return entry
}

const writer = new CborWriter()

function encode(entry: Entry): Uint8Array<ArrayBuffer> {
  writer.reset()
  const begin = writer.beginMap()
  writer.endMap(begin, writeFields(entry))
  const bytes = writer.take()
  if (bytes.length > maxEntryBytes) {
    throw new BackupError('malformed', `An entry of ${bytes.length} bytes is too large.`)
  }
  return bytes
}

/** The number of fields written. */
function writeFields(entry: Entry): number {
  let fields = 3
  const optional = <T>(field: number, value: T | undefined, write: (value: T) => void) => {
    if (value === undefined) return
    fields++
    writer.uint(field)
    write(value)
  }
  writer.uint(entryKey.name)
  writer.bytes(entry.name)
  writer.uint(entryKey.type)
  writer.uint(entryTypeCode[entry.type])
  optional(entryKey.size, entry.type === 'file' ? entry.sizeBytes : undefined, writeUint)
  writer.uint(entryKey.mtime)
  writer.int(entry.mtimeNs)
  optional(entryKey.ctime, entry.ctimeNs, writeInt)
  optional(entryKey.btime, entry.btimeNs, writeInt)
  optional(entryKey.mode, entry.mode, writeUint)
  optional(entryKey.uid, entry.uid, writeUint)
  optional(entryKey.gid, entry.gid, writeUint)
  optional(entryKey.inode, entry.inode, writeInt)
  optional(entryKey.content, entry.type === 'file' ? entry.content : undefined, writeReferences)
  optional(entryKey.map, entry.type === 'file' ? entry.map : undefined, writeReference)
  optional(entryKey.tree, entry.type === 'directory' ? entry.tree : undefined, writeReference)
  optional(entryKey.target, entry.type === 'symlink' ? entry.target : undefined, writeBytes)
  optional(entryKey.links, entry.links, writeUint)
  optional(entryKey.xattrs, entry.xattrs, writeAttributes)
  optional(entryKey.device, 'device' in entry ? entry.device : undefined, ({ major, minor }) => {
    writer.array(2)
    writer.uint(major)
    writer.uint(minor)
  })
  optional(entryKey.flags, flagBits(entry.flags), writeUint)
  return fields
}

const writeUint = (value: number) => writer.uint(value)
const writeInt = (value: bigint) => writer.int(value)
const writeBytes = (value: Uint8Array) => writer.bytes(value)
const writeReference = (reference: ChunkReference) => writer.references([reference])
const writeReferences = (references: readonly ChunkReference[]) => writer.references(references)

function writeAttributes(attributes: readonly Attribute[]): void {
  writer.array(attributes.length)
  for (const attribute of attributes) {
    writer.array(3)
    writer.bytes(attribute.name)
    writer.uint('value' in attribute ? 0 : 1)
    if ('value' in attribute) writer.bytes(attribute.value)
    else writer.references(attribute.content)
  }
}

const flagBits = ({ changed, stale, mountPoint, sparse }: EntryFlags): number | undefined =>
  (changed ? 1 : 0) + (stale ? 2 : 0) + (mountPoint ? 4 : 0) + (sparse ? 8 : 0) || undefined
