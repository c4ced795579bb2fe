import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, utf8 } from '../../../src/base/bytes.ts'
import { errorCodeOf } from '../../../src/base/errors.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { decodeCbor, encodeCbor } from '../../../src/model/cbor.ts'
import type { Attribute, Entry } from '../../../src/model/entry.ts'
import { isEntryName, noFlags } from '../../../src/model/entry.ts'
import {
  decodeEntry,
  decodeRootEntry,
  encodeEntry,
  encodeRootEntry,
} from '../../../src/model/entry-codec.ts'
import { encodeChunkReferences } from '../../../src/model/ids.ts'
import { samples } from '../../support/entries.ts'
import { chunkOf } from '../../support/page-store.ts'

type Fields = Record<number, CborValue>

const cbor = (fields: Fields): Uint8Array =>
  encodeCbor(new Map(Object.entries(fields).map(([key, value]) => [Number(key), value])))

const chunk = (lengthBytes: number, count = 1): Uint8Array =>
  encodeChunkReferences(Array.from({ length: count }, (_, at) => chunkOf(`c${at}`, lengthBytes)))

const file: Fields = { 0: utf8('name'), 1: 1, 2: 7, 3: 0, 10: chunk(7) }
const directory: Fields = { 0: utf8('name'), 1: 2, 3: 0, 12: chunk(4) }
const link: Fields = { 0: utf8('name'), 1: 3, 3: 0, 13: utf8('target') }
const fifo: Fields = { 0: utf8('name'), 1: 4, 3: 0 }
const block: Fields = { 0: utf8('name'), 1: 6, 3: 0, 17: [8, 1] }

const without = (fields: Fields, key: number): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([other]) => Number(other) !== key))

function refusalOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return errorCodeOf(error) ?? String(error)
  }
}

describe('an entry', () => {
  it.each(Object.entries(samples))('%s comes back as it was written', (_, entry) => {
    const bytes = encodeEntry(entry)
    expect(decodeEntry(bytes)).toEqual(entry)
    expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes)
  })

  it('is written as the CBOR map of the format', () => {
    expect(
      encodeEntry({
        type: 'file',
        name: utf8('name'),
        sizeBytes: 7,
        mtimeNs: -5n,
        ctimeNs: 0n,
        mode: 0o644,
        uid: 0,
        gid: 1000,
        inode: 2n ** 63n,
        content: [chunkOf('c0', 7)],
        links: 3,
        xattrs: [
          { name: utf8('user.a'), value: utf8('A') },
          { name: utf8('user.b'), content: [chunkOf('c0', 5000)] },
        ],
        flags: { changed: true, stale: false, mountPoint: true },
      }),
    ).toEqual(
      cbor({
        0: utf8('name'),
        1: 1,
        2: 7,
        3: -5,
        4: 0,
        6: 0o644,
        7: 0,
        8: 1000,
        9: 2n ** 63n,
        10: chunk(7),
        14: 3,
        16: [
          [utf8('user.a'), 0, utf8('A')],
          [utf8('user.b'), 1, chunk(5000)],
        ],
        18: 5,
      }),
    )
  })

  it.each<[string, Fields]>([
    ['no name', without(file, 0)],
    ['an empty name', { ...file, 0: utf8('') }],
    ['the name .', { ...file, 0: utf8('.') }],
    ['the name ..', { ...file, 0: utf8('..') }],
    ['a slash in its name', { ...file, 0: utf8('a/b') }],
    ['a zero byte in its name', { ...file, 0: utf8('a\0b') }],
    ['a name of 4,097 bytes', { ...file, 0: utf8('a'.repeat(4097)) }],
    ['a name as text', { ...file, 0: 'name' }],
    ['no type', without(file, 1)],
    ['type 0', { ...file, 1: 0 }],
    ['type 8', { ...fifo, 1: 8 }],
    ['no mtime', without(file, 3)],
    ['an mtime beyond 64 bits', { ...file, 3: 2n ** 63n }],
    ['an mtime before what 64 bits hold', { ...file, 3: -(2n ** 63n) - 1n }],
    ['a time of birth of 0', { ...file, 5: 0 }],
    ['a mode of more than 12 bits', { ...file, 6: 0o10000 }],
    ['a negative uid', { ...file, 7: -1 }],
    ['a gid of more than 32 bits', { ...file, 8: 2 ** 32 }],
    ['the inode number 0', { ...file, 9: 0 }],
    ['one link', { ...file, 14: 1 }],
    ['an unknown key', { ...file, 15: 1 }],
    ['a key for Windows', { ...file, 19: 1 }],
    ['flags of 0', { ...file, 18: 0 }],
    ['flags of 16', { ...file, 18: 16 }],
    ['holes of a directory', { ...directory, 18: 8 }],
  ])('with %s is refused', (_, fields) => {
    expect(refusalOf(() => decodeEntry(cbor(fields)))).toBe('malformed')
  })

  it.each<[string, Fields]>([
    ['a file without a size', without(file, 2)],
    ['a file with a size and no content', without(file, 10)],
    ['a file whose size is not that of its chunks', { ...file, 2: 8 }],
    ['an empty file with an empty list of chunks', { ...file, 2: 0, 10: utf8('') }],
    ['a file of 65 chunks in its entry', { ...file, 2: 65, 10: chunk(1, 65) }],
    ['a chunk of no bytes', { ...file, 2: 0, 10: chunk(0) }],
    ['a chunk over 8 MiB', { ...file, 2: 8_388_609, 10: chunk(8_388_609) }],
    ['half a chunk reference', { ...file, 10: chunk(7).subarray(18) }],
    ['a file with chunks and a map', { ...file, 2: 700, 10: chunk(700), 11: chunk(100) }],
    ['a map of a file too small for it', { ...without(file, 10), 2: 64, 11: chunk(100) }],
    ['a map over 1 MiB', { ...without(file, 10), 2: 700, 11: chunk(1_048_577) }],
    ['two maps', { ...without(file, 10), 2: 700, 11: chunk(100, 2) }],
    ['a file with a tree', { ...file, 12: chunk(4) }],
    ['a file with a target', { ...file, 13: utf8('target') }],
    ['a file with a device', { ...file, 17: [1, 2] }],
    ['a directory without a tree', without(directory, 12)],
    ['a directory with a size', { ...directory, 2: 0 }],
    ['a directory with content', { ...directory, 10: chunk(7) }],
    ['a directory with links', { ...directory, 14: 2 }],
    ['a link without a target', without(link, 13)],
    ['a link with an empty target', { ...link, 13: utf8('') }],
    ['a link with a zero byte in its target', { ...link, 13: utf8('a\0') }],
    ['a link with a target of 65,537 bytes', { ...link, 13: utf8('a'.repeat(65_537)) }],
    ['a link with a size', { ...link, 2: 6 }],
    ['a FIFO with a size', { ...fifo, 2: 0 }],
    ['a FIFO with a device', { ...fifo, 17: [1, 2] }],
    ['a device without numbers', without(block, 17)],
    ['a device with three numbers', { ...block, 17: [1, 2, 3] }],
    ['a device number over 32 bits', { ...block, 17: [1, 2 ** 32] }],
  ])('%s is refused', (_, fields) => {
    expect(refusalOf(() => decodeEntry(cbor(fields)))).toBe('malformed')
  })

  const value = (bytes: number) => new Uint8Array(bytes)
  const names = (count: number) => Array.from({ length: count }, (_, at) => utf8(`user.${at + 10}`))

  it.each<[string, CborValue]>([
    ['none', []],
    ['no name', [[utf8(''), 0, value(1)]]],
    ['a name of 256 bytes', [[utf8('a'.repeat(256)), 0, value(1)]]],
    ['a zero byte in a name', [[utf8('a\0'), 0, value(1)]]],
    ['an unknown form', [[utf8('a'), 2, value(1)]]],
    ['a missing value', [[utf8('a'), 0]]],
    ['a fourth part', [[utf8('a'), 0, value(1), 0]]],
    ['text as a value', [[utf8('a'), 0, 'text']]],
    [
      'wrong order',
      [
        [utf8('b'), 0, value(1)],
        [utf8('a'), 0, value(1)],
      ],
    ],
    [
      'one name twice',
      [
        [utf8('a'), 0, value(1)],
        [utf8('a'), 0, value(1)],
      ],
    ],
    ['a value over 4,096 bytes that is no chunk', [[utf8('a'), 0, value(4097)]]],
    ['a small value as a chunk', [[utf8('a'), 1, chunk(4096)]]],
    ['no chunks as a value', [[utf8('a'), 1, value(0)]]],
    ['values over 65,536 bytes', names(17).map((name) => [name, 0, value(4096)])],
  ])('attributes with %s are refused', (_, attributes) => {
    expect(refusalOf(() => decodeEntry(cbor({ ...fifo, 16: attributes })))).toBe('malformed')
  })

  it('keeps small values as chunks once 65,536 bytes of values stand in it', () => {
    const full = names(16).map((name): CborValue => [name, 0, value(4096)])
    const bytes = cbor({
      ...fifo,
      16: [...full, [utf8('user.z'), 1, chunk(1)], [utf8('user.zz'), 0, value(0)]],
    })
    const { xattrs } = decodeEntry(bytes)
    expect(xattrs?.at(-2)).toEqual({ name: utf8('user.z'), content: [chunkOf('c0', 1)] })
    expect(xattrs?.at(-1)).toEqual({ name: utf8('user.zz'), value: value(0) })
  })

  it('that is larger than 262,144 bytes is refused by writer and reader', () => {
    const xattrs = Array.from({ length: 1100 }, (_, at): Attribute => {
      return { name: utf8(`user.${'a'.repeat(240)}${at + 1000}`), value: new Uint8Array(0) }
    })
    const large: Entry = { type: 'fifo', name: utf8('fifo'), mtimeNs: 0n, xattrs, flags: noFlags }
    const bytes = cbor({ ...fifo, 16: xattrs.map(({ name }): CborValue => [name, 0, value(0)]) })
    expect(bytes.length).toBeGreaterThan(262_144)
    expect(refusalOf(() => encodeEntry(large))).toBe('malformed')
    expect(refusalOf(() => decodeEntry(bytes))).toBe('malformed')
    expect(encodeEntry({ ...large, xattrs: xattrs.slice(0, 900) }).length).toBeLessThan(262_144)
  })

  it.each<[string, string]>([
    ['nothing at all', ''],
    ['an array', '80'],
    ['a map of indefinite length', 'bf0041610104'.concat('0300', 'ff')],
    ['a name of indefinite length', 'a3005f4161ff01040300'],
    ['a name of text', 'a3006161' + '01040300'],
    ['keys out of order', 'a30104004161' + '0300'],
    ['a key twice', 'a40041610104' + '0104' + '0300'],
    ['an integer longer than needed', 'a30041610118040300'],
    ['a key longer than needed', 'a3180041610104' + '0300'],
    ['a 16-bit integer longer than needed', 'a4004161010403000619' + '00ff'],
    ['a 32-bit integer longer than needed', 'a40041610104030006' + '1a00000fff'],
    ['a 64-bit integer longer than needed', 'a3004161010403' + '1b00000000ffffffff'],
    ['a float as a time', 'a3004161010403' + 'f90000'],
    ['null as a time', 'a3004161010403' + 'f6'],
    ['a tag before a time', 'a3004161010403' + 'c100'],
    ['a name longer than the input', 'a3005affffffff'],
    ['a name of 2^63 bytes', 'a3005b8000000000000000'],
    ['more fields than there are bytes', 'bb7fffffffffffffff'],
    ['a byte behind it', 'a3004161010403' + '0000'],
  ])('made of %s is refused', (_, hex) => {
    const bytes = fromHex(hex)
    expect(bytes).toBeDefined()
    expect(refusalOf(() => decodeEntry(bytes ?? utf8('')))).toBe('malformed')
  })

  it('of the least bytes is read', () => {
    expect(decodeEntry(Uint8Array.from(Buffer.from('a300416101040300', 'hex')))).toEqual({
      type: 'fifo',
      name: utf8('a'),
      mtimeNs: 0n,
      flags: noFlags,
    })
  })

  it('cut off anywhere is refused', () => {
    for (const entry of Object.values(samples)) {
      const bytes = encodeEntry(entry)
      for (let length = 0; length < bytes.length; length++) {
        expect(refusalOf(() => decodeEntry(bytes.subarray(0, length)))).toBe('malformed')
      }
    }
  })

  it('that breaks a rule is not written', () => {
    const good: Entry = { type: 'fifo', name: utf8('fifo'), mtimeNs: 0n, flags: noFlags }
    for (const bad of [
      { ...good, name: utf8('a/b') },
      { ...good, mtimeNs: 2n ** 64n },
      { ...good, mode: 0o10000 },
      { ...good, uid: 0.5 },
      { ...good, uid: -1 },
      { ...good, inode: 0n },
      { ...good, links: 1 },
      { ...good, xattrs: [] },
    ] satisfies Entry[]) {
      expect(refusalOf(() => encodeEntry(bad))).toBe('malformed')
    }
  })
})

describe('a root entry', () => {
  const root = {
    type: 'directory',
    name: utf8(''),
    mtimeNs: 1n,
    mode: 0o755,
    tree: chunkOf('tree', 4),
    flags: noFlags,
  } as const

  it('is a directory without a name', () => {
    expect(decodeRootEntry(encodeRootEntry(root))).toEqual(root)
  })

  it('is nothing else', () => {
    expect(refusalOf(() => encodeRootEntry({ ...root, name: utf8('a') }))).toBe('malformed')
    expect(refusalOf(() => decodeRootEntry(cbor(directory)))).toBe('malformed')
    expect(refusalOf(() => decodeRootEntry(cbor({ ...fifo, 0: utf8('') })))).toBe('malformed')
    expect(refusalOf(() => decodeRootEntry(concatBytes(encodeRootEntry(root), utf8('a'))))).toBe(
      'malformed',
    )
  })
})

describe('a name', () => {
  it('is any bytes but 0, slash and the two that mean directories', () => {
    expect(
      [utf8('...'), utf8('.a'), Uint8Array.of(0xff), utf8('a'.repeat(4096))].map(isEntryName),
    ).toEqual([true, true, true, true])
  })
})
