import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ascii, toHex, utf8 } from '../../../src/base/bytes.ts'
import { chunkId, splitHash } from '../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import {
  decodeChunkReferences,
  encodeChunkReferences,
  type ChunkReference,
} from '../../../src/model/ids.ts'
import type { ChunkType } from '../../../src/model/pack.ts'
import { allCut, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import { counting, keys, masterKey, repositoryId } from './fixed-keys.ts'

const types: readonly ChunkType[] = [1, 2, 3, 4]
const maxBytes = 8_388_608

const plaintexts = [
  ...types.map((type) => ({ type, plaintext: ascii('a') })),
  { type: 1 as const, plaintext: new Uint8Array(100) },
]

const referenceOf = (plaintext: Uint8Array): ChunkReference => ({
  id: chunkId(keys, 1, plaintext),
  lengthBytes: plaintext.length,
})

const references = [referenceOf(ascii('a')), referenceOf(new Uint8Array(66_051))]

it('ids of chunks are those of the vectors', () => {
  expectVectors('chunk-id', {
    about:
      'Ids of chunks, the hash that cuts directories, chunk references (docs/format.md 3 and 7.2). Byte strings are hexadecimal.',
    masterKey,
    repositoryId,
    kId: keys.id,
    chunks: plaintexts.map(({ type, plaintext }) => ({
      type,
      plaintext,
      id: chunkId(keys, type, plaintext),
    })),
    largest: {
      about: 'type 1, 8,388,608 zero bytes',
      id: chunkId(keys, 1, new Uint8Array(maxBytes)),
    },
    names: ['a', 'größer', 'x'.repeat(255)].map((name) => ({
      name: utf8(name),
      hash: splitHash(keys, utf8(name)),
    })),
    references: { references, bytes: encodeChunkReferences(references) },
  })
})

describe('the id of a chunk', () => {
  it.each(types)('is the keyed hash of its type and plaintext, for type %i', (type) => {
    const plaintext = ascii('some plaintext')
    const expected = createHmac('sha256', keys.id).update(Uint8Array.of(type)).update(plaintext)
    expect(chunkId(keys, type, plaintext)).toBe(expected.digest('hex'))
  })

  it('differs by type, plaintext and repository: nothing can stand in for anything else', () => {
    const other = deriveKeys(masterKey, counting(0x21))
    const ids = [
      ...types.map((type) => chunkId(keys, type, ascii('a'))),
      chunkId(keys, 1, ascii('b')),
      chunkId(keys, 1, Uint8Array.of(1, 0x61)),
      chunkId(other, 1, ascii('a')),
      toHex(splitHash(keys, ascii('a'))),
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('chunk references', () => {
  it('are read as what they were', () => {
    expect(decodeChunkReferences(encodeChunkReferences(references), maxBytes)).toEqual(references)
    expect(decodeChunkReferences(new Uint8Array(0), maxBytes)).toEqual([])
  })

  it('are refused when they do not fill their bytes', () => {
    const bytes = encodeChunkReferences(references.slice(0, 1))
    const inputs = allCut(bytes).slice(1)
    expect(refusalsOf(inputs, (input) => decodeChunkReferences(input, maxBytes))).toEqual([
      'malformed',
    ])
  })

  it('are refused with a length of 0 or beyond the limit', () => {
    for (const lengthBytes of [0, maxBytes + 1, 0xffff_ffff]) {
      const bytes = encodeChunkReferences([{ ...referenceOf(ascii('a')), lengthBytes }])
      expect(refusalOf(() => decodeChunkReferences(bytes, maxBytes))).toBe('malformed')
    }
  })
})
