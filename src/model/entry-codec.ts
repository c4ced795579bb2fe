/** An entry of a tree as bytes, and back (docs/format.md 7.1). */

import { BackupError } from '../base/errors.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import type { Attribute, DirectoryEntry, Entry, EntryBase, EntryFlags, EntryType } from './entry.ts'
import { checkEntry, checkRootEntry, noFlags } from './entry.ts'
import type { ChunkReference } from './ids.ts'
import { decodeChunkReferences, parseChunkId } from './ids.ts'
import { maxChunkBytes, maxEntryBytes, maxPageBytes } from './limits.ts'

const key = {
  name: 0,
  type: 1,
  size: 2,
  mtime: 3,
  ctime: 4,
  btime: 5,
  mode: 6,
  uid: 7,
  gid: 8,
  inode: 9,
  content: 10,
  map: 11,
  tree: 12,
  target: 13,
  links: 14,
  xattrs: 16,
  device: 17,
  flags: 18,
} as const

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
  const entry = readFields(reader)
  reader.end()
  checkRootEntry(entry)
  return entry
}

/** Reads the next entry of a page. */
export function readEntry(reader: CborReader): Entry {
  const entry = readFields(reader)
  checkEntry(entry)
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
  writer.uint(key.name)
  writer.bytes(entry.name)
  writer.uint(key.type)
  writer.uint(codeOf[entry.type])
  optional(key.size, entry.type === 'file' ? entry.sizeBytes : undefined, writeUint)
  writer.uint(key.mtime)
  writer.int(entry.mtimeNs)
  optional(key.ctime, entry.ctimeNs, writeInt)
  optional(key.btime, entry.btimeNs, writeInt)
  optional(key.mode, entry.mode, writeUint)
  optional(key.uid, entry.uid, writeUint)
  optional(key.gid, entry.gid, writeUint)
  optional(key.inode, entry.inode, writeInt)
  optional(key.content, entry.type === 'file' ? entry.content : undefined, writeReferences)
  optional(key.map, entry.type === 'file' ? entry.map : undefined, writeReference)
  optional(key.tree, entry.type === 'directory' ? entry.tree : undefined, writeReference)
  optional(key.target, entry.type === 'symlink' ? entry.target : undefined, writeBytes)
  optional(key.links, entry.links, writeUint)
  optional(key.xattrs, entry.xattrs, writeAttributes)
  optional(key.device, 'device' in entry ? entry.device : undefined, ({ major, minor }) => {
    writer.array(2)
    writer.uint(major)
    writer.uint(minor)
  })
  optional(key.flags, flagBits(entry.flags), writeUint)
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

/** What was read, before it is known that it fits together. */
interface Draft {
  name: Uint8Array
  type: EntryType
  sizeBytes: number
  mtimeNs: bigint
  ctimeNs: bigint | undefined
  btimeNs: bigint | undefined
  mode: number | undefined
  uid: number | undefined
  gid: number | undefined
  inode: bigint | undefined
  content: ChunkReference[] | undefined
  map: ChunkReference | undefined
  tree: ChunkReference
  target: Uint8Array
  links: number | undefined
  xattrs: Attribute[] | undefined
  device: { major: number; minor: number }
  flags: EntryFlags
}

function readFields(reader: CborReader): Entry {
  const start = reader.at
  const draft = emptyDraft()
  let before = -1
  let seen = 0
  for (let left = reader.map(); left > 0; left--) {
    const field = reader.uint()
    if (field <= before) throw reader.malformed('its fields are not in order')
    before = field
    seen |= 1 << (field & 31)
    readField(reader, field, draft)
  }
  if (reader.at - start > maxEntryBytes) throw reader.malformed('it is too large')
  const { required, optional } = fieldsOfType[draft.type]
  if ((required & ~seen) !== 0) throw reader.malformed('a field is missing')
  if ((seen & ~(required | optional)) !== 0)
    throw reader.malformed('a field is not one of its type')
  return entryOf(draft)
}

function readField(reader: CborReader, field: number, draft: Draft): void {
  switch (field) {
    case key.name:
      draft.name = reader.bytes()
      return
    case key.type:
      draft.type = readType(reader)
      return
    case key.size:
      draft.sizeBytes = reader.uint()
      return
    case key.mtime:
      draft.mtimeNs = reader.int64()
      return
    case key.ctime:
      draft.ctimeNs = reader.int64()
      return
    case key.btime:
      draft.btimeNs = reader.int64()
      return
    case key.mode:
      draft.mode = reader.uint()
      return
    case key.uid:
      draft.uid = reader.uint()
      return
    case key.gid:
      draft.gid = reader.uint()
      return
    case key.inode:
      draft.inode = reader.uint64()
      return
    case key.content:
      draft.content = decodeChunkReferences(reader.bytes(), maxChunkBytes)
      return
    case key.map:
      draft.map = readReference(reader)
      return
    case key.tree:
      draft.tree = readReference(reader)
      return
    case key.target:
      draft.target = reader.bytes()
      return
    case key.links:
      draft.links = reader.uint()
      return
    case key.xattrs:
      draft.xattrs = readAttributes(reader)
      return
    case key.device:
      draft.device = readDevice(reader)
      return
    case key.flags:
      draft.flags = readFlags(reader)
      return
    default:
      throw reader.malformed(`its field ${field} is unknown`)
  }
}

function readType(reader: CborReader): EntryType {
  const type = types[reader.uint() - 1]
  if (type === undefined) throw reader.malformed('its type is unknown')
  return type
}

/** One reference to a page. */
function readReference(reader: CborReader): ChunkReference {
  const [reference, ...more] = decodeChunkReferences(reader.bytes(), maxPageBytes)
  if (reference === undefined || more.length > 0)
    throw reader.malformed('a reference has a wrong length')
  return reference
}

function readAttributes(reader: CborReader): Attribute[] {
  const attributes: Attribute[] = []
  for (let left = reader.array(); left > 0; left--) {
    if (reader.array() !== 3) throw reader.malformed('an attribute has a wrong length')
    const name = reader.bytes()
    const form = reader.uint()
    if (form > 1) throw reader.malformed('the form of an attribute is unknown')
    const bytes = reader.bytes()
    attributes.push(
      form === 0
        ? { name, value: bytes }
        : { name, content: decodeChunkReferences(bytes, maxChunkBytes) },
    )
  }
  return attributes
}

function readDevice(reader: CborReader): Draft['device'] {
  if (reader.array() !== 2) throw reader.malformed('its device has a wrong length')
  return { major: reader.uint(), minor: reader.uint() }
}

function readFlags(reader: CborReader): EntryFlags {
  const bits = reader.uint()
  if (bits < 1 || bits > 7) throw reader.malformed('its flags are unknown')
  return { changed: (bits & 1) !== 0, stale: (bits & 2) !== 0, mountPoint: (bits & 4) !== 0 }
}

const flagBits = ({ changed, stale, mountPoint }: EntryFlags): number | undefined =>
  (changed ? 1 : 0) + (stale ? 2 : 0) + (mountPoint ? 4 : 0) || undefined

const types = ['file', 'directory', 'symlink', 'fifo', 'socket', 'block', 'char'] as const

const codeOf: Readonly<Record<EntryType, number>> = {
  file: 1,
  directory: 2,
  symlink: 3,
  fifo: 4,
  socket: 5,
  block: 6,
  char: 7,
}

const maskOf = (...fields: readonly number[]): number =>
  fields.reduce((mask, field) => mask | (1 << field), 0)

const always = maskOf(key.name, key.type, key.mtime)
const often = maskOf(
  ...[key.ctime, key.btime, key.mode, key.uid, key.gid, key.inode, key.xattrs, key.flags],
)
const oftenWithLinks = often | maskOf(key.links)

const fieldsOfType: Readonly<Record<EntryType, { required: number; optional: number }>> = {
  file: {
    required: always | maskOf(key.size),
    optional: oftenWithLinks | maskOf(key.content, key.map),
  },
  directory: { required: always | maskOf(key.tree), optional: often },
  symlink: { required: always | maskOf(key.target), optional: oftenWithLinks },
  fifo: { required: always, optional: oftenWithLinks },
  socket: { required: always, optional: oftenWithLinks },
  block: { required: always | maskOf(key.device), optional: oftenWithLinks },
  char: { required: always | maskOf(key.device), optional: oftenWithLinks },
}

const noBytes = new Uint8Array(0)
const noReference: ChunkReference = { id: parseChunkId('0'.repeat(64)), lengthBytes: 0 }
const noDevice = { major: 0, minor: 0 }

const emptyDraft = (): Draft => ({
  name: noBytes,
  type: 'file',
  sizeBytes: 0,
  mtimeNs: 0n,
  ctimeNs: undefined,
  btimeNs: undefined,
  mode: undefined,
  uid: undefined,
  gid: undefined,
  inode: undefined,
  content: undefined,
  map: undefined,
  tree: noReference,
  target: noBytes,
  links: undefined,
  xattrs: undefined,
  device: noDevice,
  flags: noFlags,
})

/** Files and directories, which are nearly all, are written out: spreading takes ten times as long. */
function entryOf(draft: Draft): Entry {
  const { type } = draft
  switch (type) {
    case 'file':
      return fileOf(draft)
    case 'directory':
      return directoryOf(draft)
    case 'symlink':
      return { ...baseOf(draft), type, target: draft.target }
    case 'block':
    case 'char':
      return { ...baseOf(draft), type, device: draft.device }
    case 'fifo':
    case 'socket':
      return { ...baseOf(draft), type }
  }
}

const fileOf = (draft: Draft): Entry => ({
  type: 'file',
  name: draft.name,
  sizeBytes: draft.sizeBytes,
  mtimeNs: draft.mtimeNs,
  ctimeNs: draft.ctimeNs,
  btimeNs: draft.btimeNs,
  mode: draft.mode,
  uid: draft.uid,
  gid: draft.gid,
  inode: draft.inode,
  content: draft.content,
  map: draft.map,
  links: draft.links,
  xattrs: draft.xattrs,
  flags: draft.flags,
})

const directoryOf = (draft: Draft): Entry => ({
  type: 'directory',
  name: draft.name,
  mtimeNs: draft.mtimeNs,
  ctimeNs: draft.ctimeNs,
  btimeNs: draft.btimeNs,
  mode: draft.mode,
  uid: draft.uid,
  gid: draft.gid,
  inode: draft.inode,
  tree: draft.tree,
  xattrs: draft.xattrs,
  flags: draft.flags,
})

const baseOf = (draft: Draft): EntryBase => ({
  name: draft.name,
  mtimeNs: draft.mtimeNs,
  ctimeNs: draft.ctimeNs,
  btimeNs: draft.btimeNs,
  mode: draft.mode,
  uid: draft.uid,
  gid: draft.gid,
  inode: draft.inode,
  links: draft.links,
  xattrs: draft.xattrs,
  flags: draft.flags,
})
