import { expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { noFlags } from '../../../src/model/entry.ts'
import { parseChunkId, parseObjectId } from '../../../src/model/ids.ts'
import type { LeftOutItem } from '../../../src/model/left-out.ts'
import { createLeftOutWriter, leftOutReasons } from '../../../src/model/left-out.ts'
import type { Manifest } from '../../../src/model/manifest.ts'
import { decodeManifest, encodeManifest } from '../../../src/model/manifest.ts'
import { chunkOf, createPageStore, idKey } from '../../support/page-store.ts'
import { expectVectors } from '../../support/vectors.ts'

const least: Manifest = {
  root: {
    type: 'directory',
    name: utf8(''),
    mtimeNs: 0n,
    tree: chunkOf('tree', 5),
    flags: noFlags,
  },
  indexes: [],
  configNumber: 0,
  capture: { version: 0, kinds: [] },
  selection: { include: [], exclude: [] },
  statistics: { files: 0, directories: 0, others: 0, fileBytes: 0 },
  leftOutCount: 0,
  leftOut: [],
  leftOutPages: [],
  users: [],
  groups: [],
  hostName: '',
  agentVersion: '',
  system: 'linux',
  startedMs: 0,
  endedMs: 0,
}

const usual: Manifest = {
  ...least,
  root: {
    ...least.root,
    mtimeNs: 1_700_000_000_123_456_789n,
    mode: 0o755,
    uid: 0,
    gid: 0,
    inode: 2n,
  },
  indexes: [
    { kind: 'data', firstChunk: parseChunkId('01'.repeat(32)), id: parseObjectId('02'.repeat(32)) },
    { kind: 'tree', firstChunk: parseChunkId('00'.repeat(32)), id: parseObjectId('03'.repeat(32)) },
  ],
  configNumber: 1,
  capture: { version: 1, kinds: ['acl', 'xattr'] },
  selection: {
    include: [utf8('/srv'), Uint8Array.of(0x2f, 0xff)],
    exclude: ['*.tmp', '!keep.tmp'],
  },
  statistics: { files: 10, directories: 2, others: 1, fileBytes: 123_456_789_012 },
  leftOutCount: leftOutReasons.length,
  leftOut: leftOutReasons.map((reason, at) => ({
    path: utf8(`/srv/${at}`),
    reason,
    detail: at === 0 ? '' : 'größer',
    kept: at === 0 ? 'earlier' : at === 2 ? 'read' : 'nothing',
  })),
  users: [
    { id: 0, name: utf8('root') },
    { id: 1000, name: Uint8Array.of(0xff) },
  ],
  groups: [{ id: 0, name: utf8('root') }],
  hostName: 'büro',
  agentVersion: '0.1.0',
  system: 'darwin',
  startedMs: 1_700_000_000_000,
  endedMs: 1_700_000_060_000,
}

const store = createPageStore(4)

function withPages(count: number): Manifest {
  const writer = createLeftOutWriter(store.emit)
  for (let number = 0; number < count; number++) {
    const path = utf8(`/srv/${number}`)
    writer.add({ path, reason: 'vanished', detail: '', kept: 'nothing' } satisfies LeftOutItem)
  }
  return { ...least, ...writer.finish() }
}

it('manifests are those of the vectors, and read as what they were', () => {
  const many = withPages(1_002)
  expectVectors('manifest', {
    about:
      'Payloads of manifests (docs/format.md 9). Byte strings are hexadecimal, 64-bit integers decimal text. Ids of pages are HMAC(kId, 04 ‖ page).',
    kId: idKey,
    manifests: [
      { about: 'the least', manifest: least, payload: encodeManifest(least) },
      { about: 'a usual one', manifest: usual, payload: encodeManifest(usual) },
    ],
    manyLeftOut: {
      about:
        'the least with 1,002 left-out items: item i is [/srv/ and i in decimal, vanished, no detail, nothing kept]',
      payloadBytes: encodeManifest(many).length,
      payloadSha256: sha256(encodeManifest(many)),
      pages: many.leftOutPages.map(({ id }) => ({ id, bytes: store.pages.get(id) ?? utf8('') })),
    },
  })
  for (const manifest of [least, usual, many]) {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest)
  }
})
