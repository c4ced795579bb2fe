/** The two packs of the vectors: one of data, one of pages. */

import { ascii, type RandomBytes } from '../../../src/base/bytes.ts'
import { chunkId } from '../../../src/crypto/chunk-id.ts'
import type { PackContent } from '../../../src/crypto/pack-seal.ts'
import { sealPack } from '../../../src/crypto/pack-seal.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import type { ChunkReference } from '../../../src/model/ids.ts'
import type { ChunkType } from '../../../src/model/pack.ts'
import { compressedText, compressibleText } from '../../support/zstd-frames.ts'
import { fixedRandom, keys } from './fixed-keys.ts'

export interface SampleChunk {
  readonly type: ChunkType
  readonly plaintext: Uint8Array
}

export interface SamplePack extends PackContent {
  readonly about: string
  readonly plaintexts: readonly SampleChunk[]
}

export const referenceOf = ({ type, plaintext }: SampleChunk): ChunkReference => ({
  id: chunkId(keys, type, plaintext),
  lengthBytes: plaintext.length,
})

const data = (text: string): SampleChunk => ({ type: 1, plaintext: ascii(text) })
const tagBytes = 16

const texts = [
  data('The first chunk.'),
  data('The second, which stands behind it.'),
  data(compressibleText),
  data('x'),
]

const dataContents = [
  ascii('The first chunk.The second, which stands behind it.'),
  compressedText,
  ascii('x'),
]

export const dataPack: SamplePack = {
  about:
    'a data pack of epoch 1: two chunks in one segment, one chunk in a compressed segment, one byte in a segment',
  kind: 'data',
  epoch: 1,
  directory: {
    compressor: 'zstd',
    compressorVersion: '1.5.7',
    level: 3,
    segments: [
      { type: 1, codec: 0, storedBytes: 51 + tagBytes, rawBytes: 51 },
      { type: 1, codec: 1, storedBytes: compressedText.length + tagBytes, rawBytes: 740 },
      { type: 1, codec: 0, storedBytes: 1 + tagBytes, rawBytes: 1 },
    ],
    chunks: texts.map(referenceOf),
  },
  contents: dataContents,
  plaintexts: texts,
}

const pages: readonly SampleChunk[] = [
  {
    type: 2,
    plaintext: encodeCbor(
      new Map<number, number | never[]>([
        [0, 0],
        [1, []],
      ]),
    ),
  },
  { type: 3, plaintext: ascii('stands for a page of a file map') },
  { type: 4, plaintext: ascii('stands for a page of left-out items') },
]

export const treePack: SamplePack = {
  about: 'a tree pack of epoch 0: one chunk of each kind of page; the first is an empty directory',
  kind: 'tree',
  epoch: 0,
  directory: {
    compressor: 'zstd',
    compressorVersion: '1.5.7',
    level: -5,
    segments: pages.map(({ type, plaintext: { length } }) => ({
      type,
      codec: 0,
      storedBytes: length + tagBytes,
      rawBytes: length,
    })),
    chunks: pages.map(referenceOf),
  },
  contents: pages.map(({ plaintext }) => plaintext),
  plaintexts: pages,
}

export function sealedSample(pack: SamplePack, random?: RandomBytes) {
  const recorded = fixedRandom(`pack of kind ${pack.kind}`)
  return { ...sealPack(pack, keys, random ?? recorded.random), given: recorded.given }
}
