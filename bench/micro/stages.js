/**
 * What each stage of a backup can do by itself, with the built code, in one thread: the same functions that a run calls.
 * Rates are in bytes or items a second; `per` says what a run does as often: a byte read, a byte stored, or a file.
 */

import { createHmac } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createChunker, chunkerCapacityBytes } from '../../dist/chunker/chunker.js'
import { createGear64Kernel } from '../../dist/chunker/gear64.js'
import { defaultChunkerParameters } from '../../dist/chunker/parameters.js'
import { chunkId, splitHash } from '../../dist/crypto/chunk-id.js'
import { deriveKeys, gearTable } from '../../dist/crypto/keys.js'
import { sealPack } from '../../dist/crypto/pack-seal.js'
import { encodeEntry } from '../../dist/model/entry-codec.js'
import { noFlags } from '../../dist/model/entry.js'
import { writeTreePages } from '../../dist/model/tree-page.js'
import { createCompressor } from '../../dist/repository/compression.js'
import { lstatExact } from '../../dist/agent/source/facts.js'
import { systemRandom } from '../../dist/base/bytes.js'
import { openFileStore } from '../../dist/vault/objects/file-store.js'
import { sha256 } from '../../dist/base/hash.js'
import { putOverTls } from './tls.js'

const megabyte = 1024 * 1024
const keys = deriveKeys(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))

/** For about a second repeats `work`, which says how much it has done; by seconds of CPU, so that waiting for the disk is not counted. */
async function rateOf(work) {
  await work()
  let done = 0
  const begun = performance.now()
  const before = process.cpuUsage()
  while (performance.now() - begun < 1000) done += await work()
  const { user, system } = process.cpuUsage(before)
  return done / ((user + system) / 1e6)
}

function chunking(data) {
  const blockBytes = megabyte
  const capacity = chunkerCapacityBytes(defaultChunkerParameters, blockBytes)
  const chunker = createChunker(
    createGear64Kernel(gearTable(keys), capacity),
    defaultChunkerParameters,
    blockBytes,
  )
  return () => {
    let cut = 0
    chunker.start()
    for (let at = 0, length = -1; length !== 0; at += length) {
      const room = chunker.room()
      length = Math.min(blockBytes, data.length - at)
      room.set(data.subarray(at, at + length))
      chunker.accept(length)
      for (const chunk of chunker.chunks()) cut += chunk.length
    }
    return cut
  }
}

function sealing() {
  const contents = Array.from({ length: 16 }, () => systemRandom(megabyte))
  const segments = contents.map(({ length }) => ({
    ...{ type: 1, codec: 0, storedBytes: length + 16, rawBytes: length },
  }))
  const chunks = contents.map((bytes) => ({ id: chunkId(keys, 1, bytes), lengthBytes: megabyte }))
  const directory = { compressor: 'zstd', compressorVersion: '0', level: 3, segments, chunks }
  const memory = new Uint8Array(20 * megabyte)
  const pack = { kind: 'data', epoch: 0, directory, contents }
  const packMemory = (bytes) => memory.subarray(0, bytes)
  return () => sealPack({ ...pack, memory: packMemory }, keys, systemRandom).bytes.length
}

function treeWriting() {
  const content = [{ id: 'ab'.repeat(32), lengthBytes: 1000 }]
  const facts = { mtimeNs: 1n, ctimeNs: 1n, mode: 0o644, uid: 0, gid: 0, inode: 1n, flags: noFlags }
  const entries = Array.from({ length: 10_000 }, (_, number) => ({
    ...{ type: 'file', name: Buffer.from(`file-${String(number).padStart(6, '0')}.txt`) },
    ...{ ...facts, sizeBytes: 1000, content },
  }))
  const options = {
    splitHash: (name) => splitHash(keys, name),
    emit: (page) => ({ id: chunkId(keys, 2, page), lengthBytes: page.length }),
  }
  return () => {
    const encoded = entries.map((entry) => ({ name: entry.name, bytes: encodeEntry(entry) }))
    writeTreePages(encoded, options)
    return entries.length
  }
}

const scanning = (folder) => () => {
  let count = 0
  const walk = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      lstatExact(Buffer.from(path))
      count++
      if (entry.isDirectory()) walk(path)
    }
  }
  walk(folder)
  return count
}

/** Into a store of files as the vault has it, each pack durable before the next. */
async function storing(at) {
  const directory = mkdtempSync(join(at, 'store-'))
  const store = await openFileStore(directory, { clock: { now: () => Date.now() } })
  return {
    work: async () => {
      const pack = systemRandom(16 * megabyte)
      await store.create(keyOf(sha256(pack)), pack)
      return pack.length
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function keyOf(hash) {
  const id = Buffer.from(hash).toString('hex')
  return `bench/packs/${id.slice(0, 2)}/${id}`
}

/** @param {{ text: Uint8Array, folder: string, scratch: string }} given text-like bytes, a tree to scan, a place on the disk */
export async function stagesOf({ text, folder, scratch }) {
  const compressor = createCompressor()
  const segment = text.subarray(0, megabyte)
  const tls = await putOverTls()
  const store = await storing(scratch)
  try {
    return [
      { name: 'scan', per: 'file', rate: await rateOf(scanning(folder)) },
      { name: 'tree encode', per: 'file', rate: await rateOf(treeWriting()) },
      { name: 'chunk', per: 'read', rate: await rateOf(chunking(text)) },
      { name: 'hash', per: 'read', rate: await rateOf(() => hashed(segment)) },
      { name: 'compress', per: 'read', rate: await rateOf(() => compressed(compressor, segment)) },
      { name: 'seal', per: 'stored', rate: await rateOf(sealing()) },
      { name: 'TLS put', per: 'stored', rate: await rateOf(tls.work) },
      { name: 'vault store', per: 'stored', rate: await rateOf(store.work) },
    ]
  } finally {
    store.close()
    await tls.close()
  }
}

function hashed(segment) {
  createHmac('sha256', keys.id).update(segment).digest()
  return segment.length
}

function compressed(compressor, segment) {
  compressor.compress(segment)
  return segment.length
}
