import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { decodeCbor, encodeCbor } from '../../../src/model/cbor.ts'
import { noFlags } from '../../../src/model/entry.ts'
import { parseChunkId, parseObjectId } from '../../../src/model/ids.ts'
import type { LeftOutItem } from '../../../src/model/left-out.ts'
import type { Manifest } from '../../../src/model/manifest.ts'
import { decodeManifest, encodeManifest } from '../../../src/model/manifest.ts'
import { chunkOf } from '../../support/page-store.ts'

const objectId = (digits: string) => parseObjectId(digits.repeat(32))
const chunkId = (digits: string) => parseChunkId(digits.repeat(32))

const small: Manifest = {
  root: {
    type: 'directory',
    name: utf8(''),
    mtimeNs: 5n,
    tree: chunkOf('tree', 4),
    flags: noFlags,
  },
  indexes: [],
  configNumber: 0,
  capture: { version: 1, kinds: [] },
  selection: { include: [], exclude: [] },
  statistics: { files: 0, directories: 1, others: 0, fileBytes: 0 },
  leftOutCount: 0,
  leftOut: [],
  leftOutPages: [],
  users: [],
  groups: [],
  hostName: '',
  agentVersion: '0.1.0',
  system: 'linux',
  startedMs: 0,
  endedMs: 1,
}

const item: LeftOutItem = { path: utf8('/a'), reason: 'vanished', detail: '', kept: 'read' }

const full: Manifest = {
  ...small,
  root: { ...small.root, mode: 0o755, uid: 0, gid: 0, inode: 2n },
  indexes: [
    { kind: 'data', firstChunk: chunkId('01'), id: objectId('02') },
    { kind: 'data', firstChunk: chunkId('02'), id: objectId('01') },
    { kind: 'tree', firstChunk: chunkId('01'), id: objectId('03') },
  ],
  capture: { version: 1, kinds: ['acl', 'xattr'] },
  selection: {
    include: [utf8('/srv'), Uint8Array.of(0x2f, 0xff)],
    exclude: ['*.tmp', '!keep.tmp'],
  },
  statistics: { files: 1, directories: 2, others: 3, fileBytes: Number.MAX_SAFE_INTEGER },
  leftOutCount: 1_001,
  leftOut: Array.from({ length: 1_000 }, () => item),
  leftOutPages: [chunkOf('page', 100)],
  users: [
    { id: 0, name: utf8('root') },
    { id: 256, name: Uint8Array.of(0xff) },
    { id: 4_294_967_295, name: utf8('nobody') },
  ],
  groups: [{ id: 0, name: utf8('root') }],
  hostName: 'büro',
}

describe('a manifest', () => {
  it.each([
    ['small', small],
    ['full', full],
  ])('that is %s comes back as it was written', (_, manifest) => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest)
  })

  it.each<[string, Partial<Manifest>]>([
    ['indexes out of order', { indexes: full.indexes.toReversed() }],
    ['an index twice', { indexes: [...full.indexes.slice(0, 1), ...full.indexes.slice(0, 1)] }],
    ['kinds of metadata out of order', { capture: { version: 1, kinds: ['xattr', 'acl'] } }],
    ['a kind of metadata twice', { capture: { version: 1, kinds: ['acl', 'acl'] } }],
    ['users out of order', { users: full.users.toReversed() }],
    ['a user without a name', { users: [{ id: 1, name: utf8('') }] }],
    ['a user over 32 bits', { users: [{ id: 2 ** 32, name: utf8('a') }] }],
    ['a group twice', { groups: [...full.groups, ...full.groups] }],
    ['an empty include path', { selection: { include: [utf8('')], exclude: [] } }],
    ['a pattern too long', { selection: { include: [], exclude: ['a'.repeat(4_097)] } }],
    ['a host name too long', { hostName: 'é'.repeat(2_049) }],
    ['fewer left-out items than it counts', { leftOutCount: 1 }],
    ['more left-out items than it counts', { leftOut: [item] }],
    ['pages that it does not need', { leftOutPages: full.leftOutPages }],
    ['no pages where it needs them', { ...full, leftOutPages: [] }],
    [
      'a left-out item outside the limits',
      { leftOutCount: 1, leftOut: [{ ...item, path: utf8('') }] },
    ],
    ['a negative number', { configNumber: -1 }],
    ['half a file', { statistics: { ...small.statistics, files: 0.5 } }],
    ['a root with a name', { root: { ...small.root, name: utf8('a') } }],
  ])('with %s is not written', (_, change) => {
    const written = () => decodeManifest(encodeManifest({ ...small, ...change }))
    expect(written).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  const changed = (change: (fields: Map<number, CborValue>) => void): Uint8Array => {
    const fields = new Map(decodeCbor(encodeManifest(small)) as Map<number, CborValue>)
    change(fields)
    return encodeCbor(fields)
  }
  const ids: CborValue[] = [new Uint8Array(32), new Uint8Array(32)]
  const file = new Map<number, CborValue>([
    [0, utf8('')],
    [1, 1],
    [2, 0],
    [3, 0],
  ])

  it.each<[string, number, CborValue]>([
    ['a root that is a file', 0, file],
    ['an index of kind 0', 1, [[0, ...ids]]],
    ['an index of kind 3', 1, [[3, ...ids]]],
    ['an index without id', 1, [[1, new Uint8Array(32)]]],
    ['an index with a short id', 1, [[1, new Uint8Array(32), new Uint8Array(31)]]],
    [
      'indexes out of order',
      1,
      [
        [2, ...ids],
        [1, ...ids],
      ],
    ],
    ['a config number as text', 2, '0'],
    [
      'a fingerprint with another field',
      3,
      new Map<number, CborValue>([
        [0, 1],
        [1, []],
        [2, 0],
      ]),
    ],
    [
      'kinds of metadata out of order',
      3,
      new Map<number, CborValue>([
        [0, 1],
        [1, ['b', 'a']],
      ]),
    ],
    [
      'a selection of texts',
      4,
      new Map<number, CborValue>([
        [0, ['/a']],
        [1, []],
      ]),
    ],
    [
      'statistics without bytes',
      5,
      new Map<number, CborValue>([
        [0, 1],
        [1, 1],
        [2, 1],
      ]),
    ],
    ['a wrong number of left-out items', 6, 1],
    ['no pages of left-out items', 8, new Uint8Array(0)],
    ['a page that it does not need', 8, new Uint8Array(36).fill(1, 0, 33)],
    [
      'users out of order',
      9,
      [
        [1, utf8('a')],
        [0, utf8('b')],
      ],
    ],
    [
      'a user twice',
      9,
      [
        [1, utf8('a')],
        [1, utf8('b')],
      ],
    ],
    ['a negative user', 9, [[-1, utf8('a')]]],
    ['a group as text', 10, [[1, 'a']]],
    ['an unknown system', 13, 'beos'],
    ['a negative time', 14, -1],
    ['a time beyond 2^53', 15, 2n ** 53n],
    ['an unknown field', 16, 0],
  ])('with %s is refused', (_, key, value) => {
    const bytes = changed((fields) => fields.set(key, value))
    expect(() => decodeManifest(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it.each([...Array(8).keys(), ...Array.from({ length: 7 }, (_, at) => at + 9)])(
    'without field %i is refused',
    (key) => {
      const bytes = changed((fields) => fields.delete(key))
      expect(() => decodeManifest(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
    },
  )

  it('with bytes behind it, or cut off, is refused', () => {
    const bytes = encodeManifest(small)
    for (const bad of [Uint8Array.from([...bytes, 0]), bytes.subarray(0, -1), utf8('')]) {
      expect(() => decodeManifest(bad)).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
  })
})
