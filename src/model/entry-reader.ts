/** Reads entries of trees, strictly (docs/format.md 7.1). */

import type { CborReader } from './cbor-reader.ts'
import type { Attribute, Entry, EntryBase, EntryFlags, EntryType } from './entry.ts'
import { checkEntry, noFlags } from './entry.ts'
import { entryKey, entryTypes, fieldsOfType } from './entry-fields.ts'
import type { ChunkReference } from './ids.ts'
import { decodeChunkReferences, parseChunkId } from './ids.ts'
import { maxChunkBytes, maxEntryBytes, maxPageBytes } from './limits.ts'

/** Reads the next entry of a directory. Its byte strings share memory with the input. */
export function readEntry(reader: CborReader): Entry {
  const entry = readEntryFields(reader)
  checkEntry(entry)
  return entry
}

/** The same, but what `checkEntry` or `checkRootEntry` holds is not yet known. */
export function readEntryFields(reader: CborReader): Entry {
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

function readField(reader: CborReader, field: number, draft: Draft): void {
  switch (field) {
    case entryKey.name:
      draft.name = reader.bytes()
      return
    case entryKey.type:
      draft.type = readType(reader)
      return
    case entryKey.size:
      draft.sizeBytes = reader.uint()
      return
    case entryKey.mtime:
      draft.mtimeNs = reader.int64()
      return
    case entryKey.ctime:
      draft.ctimeNs = reader.int64()
      return
    case entryKey.btime:
      draft.btimeNs = reader.int64()
      return
    case entryKey.mode:
      draft.mode = reader.uint()
      return
    case entryKey.uid:
      draft.uid = reader.uint()
      return
    case entryKey.gid:
      draft.gid = reader.uint()
      return
    case entryKey.inode:
      draft.inode = reader.uint64()
      return
    case entryKey.content:
      draft.content = decodeChunkReferences(reader.bytes(), maxChunkBytes)
      return
    case entryKey.map:
      draft.map = readReference(reader)
      return
    case entryKey.tree:
      draft.tree = readReference(reader)
      return
    case entryKey.target:
      draft.target = reader.bytes()
      return
    case entryKey.links:
      draft.links = reader.uint()
      return
    case entryKey.xattrs:
      draft.xattrs = readAttributes(reader)
      return
    case entryKey.device:
      draft.device = readDevice(reader)
      return
    case entryKey.flags:
      draft.flags = readFlags(reader)
      return
    default:
      throw reader.malformed(`its field ${field} is unknown`)
  }
}

function readType(reader: CborReader): EntryType {
  const type = entryTypes[reader.uint() - 1]
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
  if (bits < 1 || bits > 15) throw reader.malformed('its flags are unknown')
  const [changed, stale, mountPoint] = [(bits & 1) !== 0, (bits & 2) !== 0, (bits & 4) !== 0]
  return { changed, stale, mountPoint, ...((bits & 8) !== 0 && { sparse: true as const }) }
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
