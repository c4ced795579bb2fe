/** Entries to test with: one of each type, plain ones by the thousand, arbitrary ones. */

import fc from 'fast-check'
import { compareBytes, utf8 } from '../../src/base/bytes.ts'
import type { Attribute, Entry, EntryBase, FileEntry } from '../../src/model/entry.ts'
import { isEntryName, isInlineValue, noFlags } from '../../src/model/entry.ts'
import { encodeEntry } from '../../src/model/entry-codec.ts'
import type { ChunkReference } from '../../src/model/ids.ts'
import type { EncodedEntry } from '../../src/model/tree-page.ts'
import { chunkOf } from './page-store.ts'

export const fileNamed = (name: string, sizeBytes = 5): FileEntry => ({
  type: 'file',
  name: utf8(name),
  sizeBytes,
  mtimeNs: 1_700_000_000_123_456_789n,
  content: [chunkOf(name, sizeBytes)],
  flags: noFlags,
})

export const encoded = (entry: Entry): EncodedEntry => ({
  name: entry.name,
  bytes: encodeEntry(entry),
})

/** A link of exactly so many bytes, encoded; `sizeBytes` between 300 and 60,000. */
export function entryOfSize(name: string, sizeBytes: number): EncodedEntry {
  const link = (targetBytes: number) =>
    encoded({
      type: 'symlink',
      name: utf8(name),
      mtimeNs: 1n,
      target: new Uint8Array(targetBytes).fill(0x61),
      flags: noFlags,
    })
  const first = link(sizeBytes - 20)
  return link(sizeBytes - 20 + sizeBytes - first.bytes.length)
}

const common = {
  mtimeNs: -1n,
  ctimeNs: 0n,
  btimeNs: 9_223_372_036_854_775_807n,
  mode: 0,
  uid: 0,
  gid: 4_294_967_295,
  inode: 18_446_744_073_709_551_615n,
  flags: noFlags,
} as const

/** One of each type, by a word that says what is in it. */
export const samples: Readonly<Record<string, Entry>> = {
  'a file of two chunks with several names': {
    ...common,
    type: 'file',
    name: Uint8Array.of(0xff, 0x0a, 0x80),
    sizeBytes: 8_388_609,
    content: [chunkOf('first', 8_388_608), chunkOf('second', 1)],
    links: 2,
  },
  'an empty file': { type: 'file', name: utf8('...'), sizeBytes: 0, mtimeNs: 0n, flags: noFlags },
  'a file with a map': {
    ...common,
    type: 'file',
    name: utf8('disk.img'),
    sizeBytes: Number.MAX_SAFE_INTEGER,
    map: chunkOf('map', 1_048_576),
    flags: { changed: true, stale: true, mountPoint: true },
  },
  'a directory with attributes': {
    ...common,
    type: 'directory',
    name: utf8('übung'),
    tree: chunkOf('tree', 4),
    xattrs: [
      { name: utf8('system.posix_acl_access'), value: new Uint8Array(0) },
      { name: utf8('user.a'), value: Uint8Array.of(1, 2, 3) },
      { name: utf8('user.aa'), content: [chunkOf('value', 4_097)] },
    ],
    flags: { changed: false, stale: false, mountPoint: true },
  },
  'a symbolic link': {
    type: 'symlink',
    name: utf8('link'),
    mtimeNs: -9_223_372_036_854_775_808n,
    target: utf8('../elsewhere'),
    flags: { changed: false, stale: true, mountPoint: false },
  },
  'a FIFO': { ...common, type: 'fifo', name: utf8('fifo') },
  'a socket': { ...common, type: 'socket', name: utf8('socket') },
  'a block device': {
    ...common,
    type: 'block',
    name: utf8('sda'),
    device: { major: 8, minor: 0 },
  },
  'a character device': {
    ...common,
    type: 'char',
    name: utf8('null'),
    device: { major: 1, minor: 4_294_967_295 },
  },
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const u32 = fc.nat(0xffff_ffff)
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const reference = (mostBytes: number): fc.Arbitrary<ChunkReference> =>
  fc
    .tuple(fc.string(), fc.integer({ min: 1, max: mostBytes }))
    .map(([label, length]) => chunkOf(label, length))
const nameBytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).filter(isEntryName)

const xattrs: fc.Arbitrary<readonly Attribute[] | undefined> = fc
  .uniqueArray(fc.tuple(nameBytes, fc.nat(9_000)), {
    selector: ([name]) => name.join(),
    maxLength: 30,
  })
  .map((list) => {
    let inlineBytes = 0
    const attributes = list
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([name, length]): Attribute => {
        const value = new Uint8Array(length).fill(length)
        if (!isInlineValue(length, inlineBytes))
          return { name, content: [chunkOf('value', length)] }
        inlineBytes += length
        return { name, value }
      })
    return attributes.length === 0 ? undefined : attributes
  })

const base: fc.Arbitrary<EntryBase> = fc.record({
  name: nameBytes,
  mtimeNs: int64,
  ctimeNs: maybe(int64),
  btimeNs: maybe(int64.filter((time) => time !== 0n)),
  mode: maybe(fc.nat(0o7777)),
  uid: maybe(u32),
  gid: maybe(u32),
  inode: maybe(fc.bigInt(1n, 2n ** 64n - 1n)),
  xattrs,
  flags: fc.record({ changed: fc.boolean(), stale: fc.boolean(), mountPoint: fc.boolean() }),
})

const links = maybe(fc.integer({ min: 2, max: 0xffff_ffff }))

/** Any entry that the format allows. */
export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .tuple(base, links, fc.array(reference(8_388_608), { minLength: 1, maxLength: 64 }))
    .map(([rest, count, content]): Entry => ({
      ...rest,
      type: 'file',
      links: count,
      content,
      sizeBytes: content.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    })),
  fc
    .tuple(base, fc.integer({ min: 65, max: Number.MAX_SAFE_INTEGER }), reference(1_048_576))
    .map(([rest, sizeBytes, map]): Entry => {
      const flags = sizeBytes % 2 === 0 ? { ...rest.flags, sparse: true as const } : rest.flags
      return { ...rest, type: 'file', sizeBytes, map, flags }
    }),
  base.map((rest): Entry => ({ ...rest, type: 'file', sizeBytes: 0 })),
  fc
    .tuple(base, reference(1_048_576))
    .map(([rest, tree]): Entry => ({ ...rest, type: 'directory', links: undefined, tree })),
  fc
    .tuple(base, links, nameBytes)
    .map(([rest, count, target]): Entry => ({ ...rest, type: 'symlink', links: count, target })),
  fc
    .tuple(base, fc.constantFrom('block', 'char'), fc.record({ major: u32, minor: u32 }))
    .map(([rest, type, device]): Entry => ({ ...rest, type, device })),
  fc
    .tuple(base, links, fc.constantFrom('fifo', 'socket'))
    .map(([rest, count, type]): Entry => ({ ...rest, type, links: count })),
)
