import { describe, expect, it } from 'vitest'
import { concatBytes, systemRandom, u8 } from '../../../src/base/bytes.ts'
import { defaultChunkerParameters } from '../../../src/chunker/parameters.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { configContext, sealObject } from '../../../src/crypto/sealed-object.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import {
  decodeConfig,
  encodeConfig,
  type RepositoryConfig,
} from '../../../src/model/repository-config.ts'
import { openConfig } from '../../../src/repository/repository.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { editedMap, keysOf } from '../../support/edited-map.ts'
import { expectVectors } from '../../support/vectors.ts'

const repositoryId = new Uint8Array(32).fill(0x20)

const first: RepositoryConfig = {
  number: 0,
  repository: 0,
  repositoryId,
  chunker: defaultChunkerParameters,
  createdMs: 1_700_000_000_000,
}
const later: RepositoryConfig = {
  ...first,
  number: 300,
  repository: 2,
  chunker: { minBytes: 1, normalBytes: 2, maxBytes: 3, strictBits: 2, looseBits: 1 },
  createdMs: 0,
  predecessors: new Uint8Array(116).fill(0x40),
}
const payload = encodeConfig(first)

const chunker = (...changes: readonly (readonly [number, CborValue])[]): CborValue =>
  new Map<number, CborValue>([
    [0, 'gear64'],
    [1, 393_216],
    [2, 1_048_576],
    [3, 8_388_608],
    [4, 18],
    [5, 18],
    ...changes,
  ])

const unknown: Readonly<Record<string, Uint8Array>> = {
  'the chunker fastcdc': editedMap(payload, [3, chunker([0, 'fastcdc'])]),
  'the feature holes': editedMap(payload, [4, ['holes']]),
  'the feature holes, streams': editedMap(payload, [4, ['holes', 'streams']]),
}

const malformed: Readonly<Record<string, Uint8Array>> = {
  'an unknown field': editedMap(payload, [7, 0]),
  'keys of earlier repositories that are no bytes': editedMap(payload, [6, 0]),
  'an unknown field of its chunker': editedMap(payload, [3, chunker([6, 0])]),
  'a repository id of 31 bytes': editedMap(payload, [2, new Uint8Array(31)]),
  'features that are no list': editedMap(payload, [4, '']),
  'a feature that is no text': editedMap(payload, [4, [1]]),
  'a negative number': editedMap(payload, [0, -1]),
  'a length that is text': editedMap(payload, [3, chunker([1, '524288'])]),
  'a byte behind it': concatBytes(payload, u8(0)),
}

it('configs are those of the vectors', () => {
  expectVectors('repository-config', {
    about: 'Payloads of configs (docs/format.md 5.1). Byte strings are hexadecimal.',
    configs: [first, later].map((config) => ({ config, payload: encodeConfig(config) })),
    unsupported: Object.entries(unknown).map(([about, bytes]) => ({ about, payload: bytes })),
    refused: Object.entries(malformed).map(([about, bytes]) => ({ about, payload: bytes })),
  })
})

describe('a config', () => {
  it.each([first, later])('is read as what it was: number $number', (config) => {
    expect(decodeConfig(encodeConfig(config))).toEqual(config)
  })

  it.each(Object.entries(unknown))('is refused by name with %s', (name, bytes) => {
    expect(() => decodeConfig(bytes)).toThrow(
      expect.objectContaining({
        code: 'unsupported-format',
        message: expect.stringContaining(`needs ${name}, which`) as string,
      }),
    )
  })

  it.each(Object.entries(malformed))('is refused with %s', (_, bytes) => {
    expect(refusalOf(() => decodeConfig(bytes))).toBe('malformed')
  })

  it.each(keysOf(payload))('is refused without field %i', (key) => {
    expect(refusalOf(() => decodeConfig(editedMap(payload, [key, undefined])))).toBe('malformed')
  })

  it('is refused when cut off', () => {
    expect(refusalsOf(allCut(payload), decodeConfig)).toEqual(['malformed'])
  })
})

describe('a stored config', () => {
  const keys = deriveKeys(new Uint8Array(32), repositoryId)
  const sealed = (bytes: Uint8Array, number: number) =>
    withSum(
      sealObject(
        { type: 'config', epoch: 0, context: configContext(number), payload: bytes },
        keys,
        systemRandom,
      ),
    )
  const stored = sealed(payload, 0)
  const read = (bytes: Uint8Array) => openConfig(bytes, 0, keys)

  it('opens to what it was', () => {
    expect(read(stored)).toEqual(first)
  })

  it('is damaged with any byte changed', () => {
    expect(refusalsOf(allFlipped(stored), read)).toEqual(['damaged'])
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(stored), read)).toEqual(['damaged', 'malformed'])
    expect(refusalOf(() => read(concatBytes(stored, u8(0))))).toBe('damaged')
  })

  it('is refused with any byte changed by somebody who makes a new sum', () => {
    const codes = refusalsOf(allFlipped(stored.subarray(0, -32)), (bytes) => read(withSum(bytes)))
    expect(codes).toEqual(['damaged', 'malformed', 'unsupported-format'])
  })

  it('is refused in the place of another number', () => {
    expect(refusalOf(() => openConfig(stored, 1, keys))).toBe('damaged')
    expect(refusalOf(() => openConfig(sealed(payload, 1), 1, keys))).toBe('malformed')
  })
})
