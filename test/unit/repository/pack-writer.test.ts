import { describe, expect, it } from 'vitest'
import { systemRandom, u32 } from '../../../src/base/bytes.ts'
import { createCompressor } from '../../../src/repository/compression.ts'
import {
  createPackWriter,
  type PackWriter,
  type WrittenPack,
} from '../../../src/repository/pack-writer.ts'
import { chunkId } from '../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { packLimits } from '../../../src/model/pack.ts'

const keys = deriveKeys(systemRandom(32), systemRandom(32))

/** Each pack is opened again and its chunks compared with their ids before it is handed out: `verifyAll`. */
const writerIn = (memory?: (bytes: number) => Uint8Array<ArrayBuffer>): PackWriter =>
  createPackWriter({
    ...{ kind: 'data', epoch: 0, keys, random: systemRandom, day: 20_000, verifyAll: true },
    compressor: createCompressor(),
    segmentBytes: 1024 * 1024,
    ...(memory && { memory }),
  })

const add = (writer: PackWriter, plaintext: Uint8Array): readonly WrittenPack[] =>
  writer.add(1, { id: chunkId(keys, 1, plaintext), lengthBytes: plaintext.length }, plaintext)

const chunksIn = (packs: readonly WrittenPack[]): number =>
  packs.reduce((sum, { facts }) => sum + facts.chunks.length, 0)

describe('a pack writer', () => {
  it('closes a pack before a segment with more chunks than it may hold, and keeps the segment', () => {
    const writer = writerIn()
    const packs: WrittenPack[] = []
    for (let n = 0; n < packLimits.chunks; n++) packs.push(...add(writer, u32(n)))
    for (let n = 0; n < 3000; n++) packs.push(...add(writer, systemRandom(1024)))
    packs.push(...writer.finish())
    expect(packs.map(({ facts }) => facts.chunks.length)).toEqual([packLimits.chunks, 3000])
  })

  it('goes on with memory that held another pack', () => {
    const memory = new Uint8Array(64 * 1024 * 1024).fill(0xaa)
    const writer = writerIn((bytes) => memory.subarray(0, bytes))
    const ids: string[] = []
    for (let n = 0; n < 12; n++) {
      const packs = add(writer, systemRandom(4 * 1024 * 1024 + n))
      ids.push(...packs.map(({ facts }) => facts.id))
    }
    expect(new Set(ids).size).toBe(3)
  })

  it('hands over what is begun, for another to go on with', () => {
    const [first, second] = [writerIn(), writerIn()]
    const [large, small] = [systemRandom(600 * 1024), systemRandom(1000)]
    expect([...add(first, large), ...add(first, small)]).toEqual([])
    const unfinished = first.handOver()
    add(first, systemRandom(600 * 1024))
    const packs = [...second.adopt(unfinished), ...second.finish()]
    expect(chunksIn(packs)).toBe(2)
    expect(chunksIn(first.finish())).toBe(1)
  })
})
