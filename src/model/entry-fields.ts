/** The fields of an entry of a tree, and which of them each type has (docs/format.md 7.1). */

import type { EntryType } from './entry.ts'

export const entryKey = {
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

export const entryTypes = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'socket',
  'block',
  'char',
] as const

export const entryTypeCode: Readonly<Record<EntryType, number>> = {
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

const always = maskOf(entryKey.name, entryKey.type, entryKey.mtime)
const often = maskOf(
  entryKey.ctime,
  entryKey.btime,
  entryKey.mode,
  entryKey.uid,
  entryKey.gid,
  entryKey.inode,
  entryKey.xattrs,
  entryKey.flags,
)
const oftenWithLinks = often | maskOf(entryKey.links)

/** Masks: bit n is set for key n. */
export const fieldsOfType: Readonly<Record<EntryType, { required: number; optional: number }>> = {
  file: {
    required: always | maskOf(entryKey.size),
    optional: oftenWithLinks | maskOf(entryKey.content, entryKey.map),
  },
  directory: { required: always | maskOf(entryKey.tree), optional: often },
  symlink: { required: always | maskOf(entryKey.target), optional: oftenWithLinks },
  fifo: { required: always, optional: oftenWithLinks },
  socket: { required: always, optional: oftenWithLinks },
  block: { required: always | maskOf(entryKey.device), optional: oftenWithLinks },
  char: { required: always | maskOf(entryKey.device), optional: oftenWithLinks },
}
