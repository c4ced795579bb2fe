import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { parseMachineId, parseVaultId } from '../../../src/model/ids.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import {
  decodeSlot,
  encodeSlot,
  type Argon2Parameters,
  type Slot,
} from '../../../src/model/slot.ts'
import { editedMap, keysOf, type FieldChange } from '../../support/edited-map.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)

const slot: Slot = {
  argon2: { memoryKiB: 262_144, passes: 3, lanes: 1 },
  salt: filled(32, 1),
  vaultId: parseVaultId('02'.repeat(16)),
  machineId: parseMachineId('03'.repeat(16)),
  repository: 4,
  repositoryId: filled(32, 5),
  slot: 6,
  authPublicKey: filled(32, 7),
  createdMs: 8,
  sealedMasterKey: filled(48, 9),
  commitment: filled(32, 10),
}
const bytes = encodeSlot(slot)

const body = bytes.subarray(0, -64)

/** A slot with a right sum whose body has some fields replaced. */
const edited = (...changes: readonly FieldChange[]): Uint8Array =>
  withSum(concatBytes(editedMap(body, ...changes), slot.commitment))

const withArgon2 = (parameters: Partial<Argon2Parameters>): Uint8Array =>
  encodeSlot({ ...slot, argon2: { ...slot.argon2, ...parameters } })

describe('a key slot', () => {
  it('is read as what it was', () => {
    expect(decodeSlot(bytes)).toEqual(slot)
    expect(edited()).toEqual(bytes)
  })

  it('is damaged with any byte changed', () => {
    expect(refusalsOf(allFlipped(bytes), decodeSlot)).toEqual(['damaged'])
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(bytes), decodeSlot)).toEqual(['damaged', 'malformed'])
    expect(refusalOf(() => decodeSlot(concatBytes(bytes, filled(1, 0))))).toBe('damaged')
  })

  it('is refused by its length alone beyond 4 KiB', () => {
    expect(refusalOf(() => decodeSlot(withSum(filled(4_065, 0))))).toBe('malformed')
    expect(refusalOf(() => decodeSlot(filled(4_097, 0)))).toBe('malformed')
  })

  it('is refused when it holds nothing but sums', () => {
    for (const length of [1, 31, 32, 33]) {
      expect(refusalOf(() => decodeSlot(withSum(filled(length, 0))))).toBe('malformed')
    }
  })

  it.each([
    ['version', 0],
    ['kind of derivation', 1],
  ] as const)('of another %s is for a newer program', (_, key) => {
    expect(refusalOf(() => decodeSlot(edited([key, 2])))).toBe('unsupported-format')
    expect(refusalOf(() => decodeSlot(edited([key, 0])))).toBe('unsupported-format')
  })

  it.each(keysOf(body))('is refused without field %i', (key) => {
    expect(refusalOf(() => decodeSlot(edited([key, undefined])))).toBe('malformed')
  })

  it('is refused with a field that the format does not know', () => {
    expect(refusalOf(() => decodeSlot(edited([12, 0])))).toBe('malformed')
    const parameters = new Map([
      [0, 262_144],
      [1, 3],
      [2, 1],
      [3, 0],
    ])
    expect(refusalOf(() => decodeSlot(edited([2, parameters])))).toBe('malformed')
  })

  it.each([
    ['salt', 3, 31],
    ['salt', 3, 33],
    ['vault', 4, 15],
    ['machine', 5, 17],
    ['repository id', 7, 31],
    ['public key', 9, 33],
    ['sealed key', 11, 47],
    ['sealed key', 11, 49],
  ] as const)('is refused with a %s (field %i) of %i bytes', (_, key, length) => {
    expect(refusalOf(() => decodeSlot(edited([key, filled(length, 0)])))).toBe('malformed')
  })

  it('is refused with a number that is text, negative or beyond 2^53', () => {
    for (const key of [6, 8, 10]) {
      for (const value of ['1', -1, 2n ** 53n]) {
        expect(refusalOf(() => decodeSlot(edited([key, value])))).toBe('malformed')
      }
    }
  })

  it('is refused with bytes between body and commitment', () => {
    const longer = withSum(concatBytes(body, filled(1, 0), slot.commitment))
    expect(refusalOf(() => decodeSlot(longer))).toBe('malformed')
  })

  it.each([
    { memoryKiB: 65_535 },
    { memoryKiB: 1_048_577 },
    { passes: 2 },
    { passes: 11 },
    { lanes: 0 },
    { lanes: 5 },
  ])('is refused with the parameters %j, whatever the reader was told', (parameters) => {
    expect(refusalOf(() => decodeSlot(withArgon2(parameters), true))).toBe('malformed')
  })

  it.each([
    { memoryKiB: 1_048_576, passes: 10, lanes: 4 },
    { memoryKiB: 262_144, passes: 3, lanes: 1 },
  ])('is accepted with the parameters %j', (argon2) => {
    expect(decodeSlot(withArgon2(argon2)).argon2).toEqual(argon2)
  })

  it('with less memory than writers use is accepted only by a reader that was told to', () => {
    for (const memoryKiB of [65_536, 262_143]) {
      expect(refusalOf(() => decodeSlot(withArgon2({ memoryKiB })))).toBe('malformed')
      expect(decodeSlot(withArgon2({ memoryKiB }), true).argon2.memoryKiB).toBe(memoryKiB)
    }
  })
})
