import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, u8 } from '../../../src/base/bytes.ts'
import { verifyP256 } from '../../../src/crypto/primitives/signature.ts'
import { parseRecordHash } from '../../../src/model/ids.ts'
import {
  decodePointRecord,
  encodePointRecordBody,
  framePointRecord,
  pointRecordLabel,
  type PointRecord,
} from '../../../src/model/point-record.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { editedMap, keysOf } from '../../support/edited-map.ts'
import { expectVectors } from '../../support/vectors.ts'
import { authorityPublicKey, authoritySpki, signatures } from './sample-authority.ts'

const first: PointRecord = {
  commit: parseRecordHash('11'.repeat(32)),
  number: 0,
  timeMs: 1_700_000_000_000,
  tags: ['daily', 'weekly', 'monthly', 'yearly'],
  retainUntilMs: 1_731_536_000_000,
  lockUntilMs: 1_702_592_000_000,
}
const later: PointRecord = {
  commit: parseRecordHash('22'.repeat(32)),
  number: 300,
  timeMs: 0,
  tags: [],
  retainUntilMs: 0,
  lockUntilMs: 0,
}

const signed = [
  { record: first, signature: fromHex(signatures.firstPoint) ?? u8(0) },
  { record: later, signature: fromHex(signatures.laterPoint) ?? u8(0) },
].map(({ record, signature }) => {
  const body = encodePointRecordBody(record)
  return { record, body, signature, bytes: framePointRecord(body, signature) }
})

const [{ body, signature, bytes } = { body: u8(0), signature: u8(0), bytes: u8(0) }] = signed
const framed = (other: Uint8Array) => framePointRecord(other, signature)

const malformed: Readonly<Record<string, Uint8Array>> = {
  'tags that descend': editedMap(body, [4, [2, 1]]),
  'a tag twice': editedMap(body, [4, [1, 1]]),
  'the unknown tag 0': editedMap(body, [4, [0]]),
  'the unknown tag 5': editedMap(body, [4, [5]]),
  'a tag of text': editedMap(body, [4, ['daily']]),
  'tags that are no list': editedMap(body, [4, 1]),
  'an unknown field': editedMap(body, [100, 0]),
  'a record hash of 31 bytes': editedMap(body, [1, new Uint8Array(31)]),
  'a negative time': editedMap(body, [3, -1]),
  'a time of 2^53': editedMap(body, [5, 2n ** 53n]),
  'a byte behind its map': concatBytes(body, u8(0)),
}

it("the vault's records of points are those of the vectors", () => {
  expectVectors('point-record', {
    about:
      "The vault's records of points (docs/format.md 10.1). Byte strings are hexadecimal; the signature is r ‖ s over label ‖ body.",
    authorityPublicKeySpki: authoritySpki,
    label: pointRecordLabel,
    records: signed,
    refused: Object.entries(malformed).map(([about, refused]) => ({
      about,
      bytes: framed(refused),
    })),
  })
})

describe("the vault's record of a point", () => {
  it.each(signed)('is read as what it was: number $record.number', (known) => {
    const { record, body, signature, bytes } = known
    expect(decodePointRecord(bytes)).toEqual({ record, body, signature })
  })

  it.each(signed)('is signed by the authority: number $record.number', (known) => {
    const message = { label: pointRecordLabel, message: known.body }
    expect(verifyP256(authorityPublicKey, message, known.signature)).toBe(true)
    const other = { label: 'backup/v1/record', message: known.body }
    expect(verifyP256(authorityPublicKey, other, known.signature)).toBe(false)
  })

  it('writes its tags in one order', () => {
    const tags = ['yearly', 'daily', 'monthly', 'weekly'] as const
    expect(encodePointRecordBody({ ...first, tags })).toEqual(body)
  })

  it('is damaged with any byte changed', () => {
    expect(refusalsOf(allFlipped(bytes), decodePointRecord)).toEqual(['damaged'])
  })

  it('is not signed any more with any byte changed by somebody who makes a new sum', () => {
    const verified = allFlipped(bytes.subarray(0, -32)).filter((changed) => {
      if (refusalOf(() => decodePointRecord(withSum(changed))) !== 'accepted') return false
      const { body: message, signature } = decodePointRecord(withSum(changed))
      return verifyP256(authorityPublicKey, { label: pointRecordLabel, message }, signature)
    })
    expect(verified).toEqual([])
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(bytes), decodePointRecord)).toEqual(['damaged', 'malformed'])
    expect(refusalOf(() => decodePointRecord(concatBytes(bytes, u8(0))))).toBe('damaged')
  })

  it('is refused when it is nothing but a signature', () => {
    for (const length of [1, 63, 64]) {
      expect(refusalOf(() => decodePointRecord(withSum(new Uint8Array(length))))).toBe('malformed')
    }
  })

  it('is refused by its length alone beyond 4 KiB', () => {
    expect(refusalOf(() => decodePointRecord(withSum(new Uint8Array(4_065))))).toBe('malformed')
    expect(refusalOf(() => decodePointRecord(new Uint8Array(4_097)))).toBe('malformed')
  })

  it('of another version is for a newer program', () => {
    const other = framed(editedMap(body, [0, 2]))
    expect(refusalOf(() => decodePointRecord(other))).toBe('unsupported-format')
  })

  it.each(Object.entries(malformed))('is refused with %s', (_, refused) => {
    expect(refusalOf(() => decodePointRecord(framed(refused)))).toBe('malformed')
  })

  it.each(keysOf(body))('is refused without field %i', (key) => {
    const other = framed(editedMap(body, [key, undefined]))
    expect(refusalOf(() => decodePointRecord(other))).toBe('malformed')
  })
})
