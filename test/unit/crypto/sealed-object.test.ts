import { describe, expect, it } from 'vitest'
import { ascii, concatBytes, systemRandom, viewOf } from '../../../src/base/bytes.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { manifestContext, openObject, sealObject } from '../../../src/crypto/sealed-object.ts'
import {
  noRecord,
  parseObjectId,
  parseRecordHash,
  parseSourceName,
} from '../../../src/model/ids.ts'
import {
  beginsAsSealed,
  maxSealedBytes,
  padPayload,
  unpadPayload,
  type SealedType,
} from '../../../src/model/sealed-object.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { counting, fixedRandom, keys, masterKey, repositoryId } from './fixed-keys.ts'

const place = {
  source: parseSourceName('files'),
  seq: 2,
  previous: parseRecordHash('cd'.repeat(32)),
  refsRoot: parseObjectId('ab'.repeat(32)),
}
const payload = ascii('what only the machine may read')
const content = { type: 'manifest', epoch: 1, context: manifestContext(place), payload } as const
const sealed = sealObject(content, keys, fixedRandom('behaviour').random)
const expected = { type: 'manifest', context: content.context } as const
const open = (bytes: Uint8Array) => openObject(bytes, expected, keys)

const withHeader = (at: number, value: number): Uint8Array => {
  const bytes = Uint8Array.from(sealed)
  bytes[at] = value
  return bytes
}

describe('a sealed object', () => {
  it('opens to what was sealed', () => {
    expect(open(sealed)).toEqual(payload)
  })

  it('is another each time, and tells nothing of its payload in the clear', () => {
    const [first, second] = [1, 2].map(() => sealObject(content, keys, systemRandom))
    expect(first).not.toEqual(second)
    expect(Buffer.from(sealed).indexOf(payload)).toBe(-1)
  })

  it('has another salt for another payload, even where randomness repeats itself', () => {
    const other = { ...content, payload: ascii('another payload of the same size') }
    const again = sealObject(other, keys, fixedRandom('behaviour').random)
    expect(again.subarray(16, 48)).not.toEqual(sealed.subarray(16, 48))
  })

  it.each([
    ['its first words', 0, 8, ['malformed']],
    ['its version and suite', 8, 10, ['unsupported-format']],
    ['its type', 10, 12, ['malformed']],
    ['its epoch', 12, 16, ['damaged', 'malformed']],
    ['its salt', 16, 48, ['damaged']],
    ['its sealed payload', 48, sealed.length, ['damaged']],
  ] as const)('is refused with any byte of %s changed', (_, from, to, codes) => {
    expect(refusalsOf(allFlipped(sealed, from, to), open)).toEqual(codes)
  })

  it('is refused when cut off', () => {
    expect(refusalsOf(allCut(sealed).slice(0, 48), open)).toEqual(['malformed'])
    expect(refusalsOf(allCut(sealed).slice(48), open)).toEqual(['damaged'])
  })

  it('is refused when longer', () => {
    expect(refusalOf(() => open(concatBytes(sealed, new Uint8Array(1))))).toBe('damaged')
    expect(refusalOf(() => open(concatBytes(sealed, sealed)))).toBe('damaged')
  })

  it('is refused by its length alone beyond 32 MiB', () => {
    const large = new Uint8Array(maxSealedBytes + 1)
    large.set(sealed)
    expect(refusalOf(() => open(large))).toBe('malformed')
  })

  it('is refused in another place than its own', () => {
    const places = [
      { ...place, source: parseSourceName('file') },
      { ...place, seq: 3 },
      { ...place, previous: noRecord },
      { ...place, refsRoot: parseObjectId('ac'.repeat(32)) },
    ]
    for (const other of places) {
      const context = manifestContext(other)
      expect(refusalOf(() => openObject(sealed, { type: 'manifest', context }, keys))).toBe(
        'damaged',
      )
    }
  })

  it('is refused in another repository, also under the same master key', () => {
    const otherKeys = deriveKeys(counting(1), repositoryId)
    expect(refusalOf(() => openObject(sealed, expected, otherKeys))).toBe('damaged')
    const otherRepository = deriveKeys(masterKey, counting(1))
    expect(refusalOf(() => openObject(sealed, expected, otherRepository))).toBe('damaged')
    const sameKeys = { ...keys, repositoryId: counting(1) }
    expect(refusalOf(() => openObject(sealed, expected, sameKeys))).toBe('damaged')
  })

  it('is refused as an object of another type', () => {
    const others: readonly SealedType[] = ['config', 'index', 'cache']
    for (const type of others) {
      expect(refusalOf(() => openObject(sealed, { ...expected, type }, keys))).toBe('malformed')
    }
  })

  it('is refused with an epoch where its type has none', () => {
    const index = { type: 'index', context: new Uint8Array(0) } as const
    const bytes = sealObject({ ...index, epoch: 0, payload }, keys, systemRandom)
    viewOf(bytes).setUint32(12, 1, true)
    expect(refusalOf(() => openObject(bytes, index, keys))).toBe('malformed')
  })

  it.each([0, 2, 255])('of version %i is for a newer program', (version) => {
    expect(refusalOf(() => open(withHeader(8, version)))).toBe('unsupported-format')
    expect(refusalOf(() => open(withHeader(9, version)))).toBe('unsupported-format')
  })

  it('begins as one of its type, which is all that a vault sees', () => {
    expect(beginsAsSealed(sealed.subarray(0, 64), 'manifest')).toBe(true)
    expect(beginsAsSealed(sealed.subarray(0, 64), 'index')).toBe(false)
    expect(beginsAsSealed(sealed.subarray(0, 10), 'manifest')).toBe(false)
    expect(beginsAsSealed(withHeader(0, 0x62), 'manifest')).toBe(false)
  })
})

describe('the padding of a payload', () => {
  it.each([0, 1, 507, 508, 509, 1_000, 4_096, 100_000])('goes again, of %i bytes', (length) => {
    const bytes = new Uint8Array(length).fill(1)
    const plain = padPayload(bytes)
    expect(unpadPayload(plain)).toEqual(bytes)
    expect(plain.length).toBeGreaterThanOrEqual(Math.max(512, 4 + length))
    expect(plain.length).toBeLessThanOrEqual(Math.max(512, 1.12 * (4 + length)))
  })

  it('hides small differences of length', () => {
    expect(
      new Set([0, 100, 508].map((length) => padPayload(new Uint8Array(length)).length)),
    ).toEqual(new Set([512]))
  })
})
