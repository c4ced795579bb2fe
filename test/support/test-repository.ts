/** Small repositories for tests: chunks, trees and points written with the real parts into a vault in memory. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { compareBytes, systemRandom, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { chunkId, splitHash } from '../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../src/crypto/keys.ts'
import { defaultArgon2, encodeSlot } from '../../src/model/slot.ts'
import { signP256 } from '../../src/crypto/primitives/signature.ts'
import { indexContext, manifestContext, sealObject } from '../../src/crypto/sealed-object.ts'
import { encodeCommit } from '../../src/model/commit.ts'
import { encodeEntry } from '../../src/model/entry-codec.ts'
import { noFlags, type DirectoryEntry, type Entry, type FileEntry } from '../../src/model/entry.ts'
import { writeFileMap } from '../../src/model/file-map.ts'
import {
  noRecord,
  objectIdOf,
  parseSourceName,
  type ChunkReference,
  type ObjectId,
  type ObjectKind,
} from '../../src/model/ids.ts'
import { encodeIndex, type IndexedPack } from '../../src/model/index-object.ts'
import { encodeManifest, type Manifest } from '../../src/model/manifest.ts'
import {
  packHeaderBytes,
  placedChunks,
  segmentRanges,
  type ChunkType,
  type PackKind,
} from '../../src/model/pack.ts'
import {
  encodePointRecordBody,
  framePointRecord,
  pointRecordLabel,
} from '../../src/model/point-record.ts'
import { writeRefs } from '../../src/model/refs.ts'
import { writeTreePages } from '../../src/model/tree-page.ts'
import { lstatExact } from '../../src/agent/source/facts.ts'
import { readDirectory } from '../../src/agent/source/read-directory.ts'
import { readLink } from '../../src/agent/source/read-link.ts'
import { readXattrs } from '../../src/agent/source/read-xattrs.ts'
import { createCompressor } from '../../src/repository/compression.ts'
import { createPackWriter, type WrittenPack } from '../../src/repository/pack-writer.ts'
import type { PointFacts } from '../../src/repository/point-reader.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { createMemoryVault, type MemoryVault } from './memory-vault.ts'

export interface TestRepository {
  readonly vault: MemoryVault
  readonly repository: Repository
  readonly authority: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  /** Adds a chunk to the packs of the next point. */
  add(type: ChunkType, plaintext: Uint8Array): ChunkReference
  file(name: string, content: Uint8Array, more?: Partial<FileEntry>): FileEntry
  directory(name: string, entries: readonly Entry[], more?: Partial<DirectoryEntry>): DirectoryEntry
  /** A tree as it lies on disk; every file is cut at `cutBytes`. */
  capture(path: string, cutBytes?: number): Entry
  /** Closes the packs and writes their indexes; their ids by kind. */
  flush(): WrittenSet
  /** Forgets which chunks were written: they are written again. */
  forget(): void
  /** The pack of a chunk, and a byte in the middle of its sealed segment. */
  placeOf(chunk: string): { readonly pack: ObjectId; readonly middle: number }
  /** Commits a point whose root holds `entries`. */
  commit(root: DirectoryEntry, options?: CommitOptions): PointFacts
}

export interface WrittenSet {
  readonly packs: readonly WrittenPack[]
  readonly indexes: Manifest['indexes']
}

export interface CommitOptions {
  readonly source?: string
  readonly include?: readonly string[]
  readonly timeMs?: number
  readonly manifest?: Partial<Manifest>
}

const noBytes = new Uint8Array(0)

export function createTestRepository(options: { segmentBytes?: number } = {}): TestRepository {
  const vault = createMemoryVault()
  const repositoryId = systemRandom(32)
  const keys = deriveKeys(systemRandom(32), repositoryId)
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  vault.storedSlots.push(
    encodeSlot({
      ...{ ...vault.identity, repository: 0, repositoryId, slot: 0, createdMs: 0 },
      ...{ argon2: defaultArgon2, salt: systemRandom(32), authPublicKey: systemRandom(32) },
      ...{ sealedMasterKey: systemRandom(48), commitment: systemRandom(32) },
    }),
  )
  const repository: Repository = {
    connection: vault,
    number: 0,
    repositoryId,
    keys,
    config: {
      number: 0,
      repository: 0,
      repositoryId,
      chunker: { minBytes: 1, normalBytes: 2, maxBytes: 3, strictBits: 1, looseBits: 1 },
      createdMs: 0,
    },
  }
  const writerOf = (kind: PackKind) =>
    createPackWriter({
      kind,
      epoch: 0,
      keys,
      random: systemRandom,
      compressor: createCompressor(),
      segmentBytes: options.segmentBytes ?? 64 * 1024,
      verifyAll: true,
      day: 20_000,
    })
  let writers = { data: writerOf('data'), tree: writerOf('tree') }
  let written: WrittenPack[] = []
  const points: PointFacts[] = []
  const put = (kind: ObjectKind, bytes: Uint8Array): ObjectId => {
    const id = objectIdOf(sha256(bytes))
    vault.stored.set(id, { kind, id, bytes })
    return id
  }
  const known = new Set<string>()
  const add = (type: ChunkType, plaintext: Uint8Array): ChunkReference => {
    const reference = { id: chunkId(keys, type, plaintext), lengthBytes: plaintext.length }
    if (!known.has(reference.id)) {
      const writer = type === 1 ? writers.data : writers.tree
      written.push(...writer.add(type, reference, plaintext))
    }
    known.add(reference.id)
    return reference
  }
  const content = (bytes: Uint8Array, cutBytes: number): Partial<FileEntry> => {
    const references: ChunkReference[] = []
    for (let at = 0; at < bytes.length; at += cutBytes) {
      references.push(add(1, bytes.subarray(at, at + cutBytes)))
    }
    if (references.length === 0) return {}
    if (references.length <= 64) return { content: references }
    return { map: writeFileMap(references, (page) => add(3, page)) }
  }
  const tree = (entries: readonly Entry[]): ChunkReference =>
    writeTreePages(
      [...entries]
        .sort((a, b) => compareBytes(a.name, b.name))
        .map((entry) => ({ name: entry.name, bytes: encodeEntry(entry) })),
      { splitHash: (name) => splitHash(keys, name), emit: (page) => add(2, page) },
    )
  const captureAt = (path: Buffer, name: Uint8Array, cutBytes: number): Entry => {
    const facts = lstatExact(path)
    const { xattrs } = readXattrs(path)
    const base = {
      name,
      mtimeNs: facts.mtimeNs,
      mode: facts.mode,
      uid: facts.uid,
      gid: facts.gid,
      inode: facts.inode,
      xattrs: xattrs.length === 0 ? undefined : xattrs.map(({ name, value }) => ({ name, value })),
      flags: noFlags,
    }
    const links = facts.links > 1 && facts.kind !== 'directory' ? facts.links : undefined
    switch (facts.kind) {
      case 'file': {
        const bytes = readFileSync(path)
        return {
          ...base,
          type: 'file',
          links,
          sizeBytes: bytes.length,
          ...content(bytes, cutBytes),
        }
      }
      case 'directory': {
        const entries = [...readDirectory(path)]
          .flatMap((listing) => listing.entries)
          .map((child) =>
            captureAt(Buffer.concat([path, Buffer.from('/'), child.name]), child.name, cutBytes),
          )
        return { ...base, type: 'directory', tree: tree(entries) }
      }
      case 'symlink':
        return { ...base, type: 'symlink', links, target: readLink(path).target }
      case 'block':
      case 'char':
        return {
          ...base,
          type: facts.kind,
          links,
          device: facts.device ?? { major: 0, minor: 0 },
        }
      case 'fifo':
      case 'socket':
        return { ...base, type: facts.kind, links }
    }
  }
  const flush = (): WrittenSet => {
    const packs = [...written, ...writers.data.finish(), ...writers.tree.finish()]
    writers = { data: writerOf('data'), tree: writerOf('tree') }
    written = []
    for (const pack of packs) {
      put(pack.facts.kind, pack.bytes)
      notePlaces(pack)
    }
    const indexes = (['data', 'tree'] as const).flatMap((kind) => {
      const own = packs.filter((pack) => pack.facts.kind === kind).map((pack) => pack.facts)
      return own.length === 0
        ? []
        : [{ kind, firstChunk: firstChunk(own), id: putIndex(kind, own) }]
    })
    return { packs, indexes }
  }
  const putIndex = (kind: PackKind, packs: readonly IndexedPack[]) => {
    const payload = encodeIndex(kind, packs)
    const content = { type: 'index', epoch: 0, context: indexContext, payload } as const
    return put('index', sealObject(content, keys, systemRandom))
  }
  const allPacks: ObjectId[] = []
  const places = new Map<string, { readonly pack: ObjectId; readonly middle: number }>()
  const notePlaces = ({ facts, head }: WrittenPack) => {
    const ranges = segmentRanges(head.length - packHeaderBytes, facts.segments)
    for (const { reference, segment } of placedChunks(facts.segments, facts.chunks)) {
      const { start, end } = ranges[segment] ?? { start: 0, end: 0 }
      places.set(reference.id, { pack: facts.id, middle: (start + end) >> 1 })
    }
  }
  const allIndexes: Manifest['indexes'][number][] = []
  return {
    vault,
    repository,
    authority,
    add,
    flush,
    forget: () => known.clear(),
    placeOf: (chunk) => {
      const place = places.get(chunk)
      if (place === undefined) throw new Error(`no chunk ${chunk}`)
      return place
    },
    file: (name, bytes, more = {}) => ({
      type: 'file',
      name: utf8(name),
      sizeBytes: bytes.length,
      mtimeNs: 1_600_000_000_123_456_789n,
      mode: 0o644,
      flags: noFlags,
      ...content(bytes, 8 * 1024 * 1024),
      ...more,
    }),
    directory: (name, entries, more = {}) => ({
      type: 'directory',
      name: utf8(name),
      mtimeNs: 1_500_000_000_987_654_321n,
      mode: 0o755,
      flags: noFlags,
      tree: tree(entries),
      ...more,
    }),
    capture: (path, cutBytes = 64 * 1024) =>
      captureAt(Buffer.from(path), utf8(basename(path)), cutBytes),
    commit: (root, more = {}) => {
      const { packs, indexes } = flush()
      allPacks.push(...packs.map((pack) => pack.facts.id))
      allIndexes.push(...indexes)
      const source = parseSourceName(more.source ?? 'files')
      const before = points.findLast((point) => point.source === source)
      const timeMs = more.timeMs ?? 1_700_000_000_000 + points.length * 1000
      const manifest: Manifest = {
        root: { ...root, name: noBytes },
        indexes: [...allIndexes].sort(
          (a, b) =>
            (a.kind === b.kind ? 0 : a.kind === 'data' ? -1 : 1) ||
            (a.firstChunk < b.firstChunk ? -1 : 1),
        ),
        configNumber: 0,
        capture: { version: 1, kinds: [] },
        selection: {
          include: (more.include ?? ['/']).map((path) => utf8(path)),
          exclude: [],
        },
        statistics: { files: 0, directories: 0, others: 0, fileBytes: 0 },
        leftOutCount: 0,
        leftOut: [],
        leftOutPages: [],
        users: [],
        groups: [],
        hostName: 'test',
        agentVersion: '0',
        system: 'linux',
        startedMs: timeMs,
        endedMs: timeMs,
        ...more.manifest,
      }
      const refs = writeRefs([...allPacks, ...allIndexes.map((index) => index.id)])
      for (const bytes of refs.objects.values()) put('refs', bytes)
      const place = {
        source,
        seq: (before?.seq ?? 0) + 1,
        previous: before?.id ?? noRecord,
        refsRoot: refs.root,
      }
      const context = manifestContext(place)
      const payload = encodeManifest(manifest)
      const sealed = sealObject(
        { type: 'manifest', epoch: 0, context, payload },
        keys,
        systemRandom,
      )
      const commit = {
        ...vault.identity,
        ...place,
        repository: 0,
        manifest: put('manifest', sealed),
        objectCount: refs.count,
        objectBytes: 0,
        timeMs,
      }
      const { bytes, hash } = encodeCommit(commit)
      const record = {
        commit: hash,
        number: 0,
        timeMs,
        tags: ['daily'] as const,
        retainUntilMs: timeMs + 1000,
        lockUntilMs: timeMs + 500,
      }
      const body = encodePointRecordBody(record)
      const signature = signP256(authority.privateKey, pointRecordLabel, body)
      vault.storedPoints.push({
        source,
        seq: place.seq,
        commit: bytes,
        record: framePointRecord(body, signature),
      })
      const facts: PointFacts = {
        id: hash,
        source,
        seq: place.seq,
        commit,
        vaultTimeMs: timeMs,
        tags: record.tags,
        retainUntilMs: record.retainUntilMs,
        lockUntilMs: record.lockUntilMs,
        state: 'kept',
        deletedUntilMs: null,
      }
      points.push(facts)
      return facts
    },
  }
}

const firstChunk = (packs: readonly IndexedPack[]) => {
  const ids = packs.flatMap((pack) => pack.chunks.map((chunk) => chunk.id)).sort()
  const [first] = ids
  if (first === undefined) throw new Error('no chunks')
  return first
}

/** `/a/b` as names. */
export const namesOf = (path: string): Uint8Array[] =>
  path
    .split('/')
    .filter((name) => name !== '')
    .map((name) => utf8(name))
