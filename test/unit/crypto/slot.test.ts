import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, systemRandom } from '../../../src/base/bytes.ts'
import { argon2 } from '../../../src/crypto/primitives/argon2.ts'
import { hmacSha256 } from '../../../src/crypto/primitives/hash.ts'
import { ed25519PublicKey } from '../../../src/crypto/primitives/signature.ts'
import {
  createSlot,
  deriveSlotKeys,
  openSlot,
  openSlotWith,
  type SlotKeys,
} from '../../../src/crypto/slot.ts'
import { parseMachineId, parseVaultId } from '../../../src/model/ids.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import { decodeSlot, encodeSlot, encodeSlotBody, type Slot } from '../../../src/model/slot.ts'
import { allFlipped, flipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { counting, masterKey } from './fixed-keys.ts'
import { place, sampleSlot, weak, type SampleSlot } from './sample-slots.ts'
import { Secret } from '../../../src/base/secret.ts'
import { passphraseOf } from '../../../src/model/passphrase.ts'

const passphrase = 'Ko\u0308nig der wilden Dinge'

let sample: SampleSlot & { readonly keys: SlotKeys }
beforeAll(async () => {
  const made = await sampleSlot(passphrase, { argon2: weak })
  const derivation = { ...weak, salt: made.slot.salt, allowWeak: true }
  sample = { ...made, keys: await deriveSlotKeys(passphraseOf(passphrase), derivation) }
})

const refusalOfPromise = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    return refusalOf(() => {
      throw error
    })
  }
  return 'accepted'
}

describe('a key slot', () => {
  it('gives the master key for its passphrase', async () => {
    expect((await openSlot(sample.slot, passphraseOf(passphrase))).bytes).toEqual(masterKey)
  })

  it('gives it also when the accents are typed in the other form', async () => {
    const other = passphrase.normalize('NFC')
    expect(other).not.toBe(passphrase)
    expect((await openSlot(sample.slot, passphraseOf(other))).bytes).toEqual(masterKey)
    const derivation = { ...weak, salt: sample.slot.salt, allowWeak: true }
    expect(await deriveSlotKeys(passphraseOf(other), derivation)).toEqual(sample.keys)
  })

  it('says that the passphrase is wrong, and not that the slot is damaged', async () => {
    const wrong = openSlot(sample.slot, passphraseOf(`${passphrase}!`))
    expect(await refusalOfPromise(wrong)).toBe('passphrase-wrong')
  })

  it('refuses a passphrase that could not be one before it is stretched', () => {
    expect(refusalOf(() => passphraseOf('short'))).toBe('passphrase-weak')
  })

  it('is damaged, not of another passphrase, with any byte changed', () => {
    expect(refusalsOf(allFlipped(sample.bytes), (bytes) => decodeSlot(bytes, true))).toEqual([
      'damaged',
    ])
  })

  it('is never opened with any byte changed by somebody who makes a new sum', () => {
    const body = sample.bytes.subarray(0, -32)
    const read = (bytes: Uint8Array) => openSlotWith(decodeSlot(withSum(bytes), true), sample.keys)
    expect(refusalOf(() => read(body))).toBe('accepted')
    expect(refusalsOf(allFlipped(body), read)).toEqual([
      'malformed',
      'passphrase-wrong',
      'unsupported-format',
    ])
  })

  it('is bound by its commitment to all that it says', () => {
    const { slot, keys } = sample
    const others: readonly Slot[] = [
      { ...slot, vaultId: parseVaultId('00'.repeat(16)) },
      { ...slot, machineId: parseMachineId('00'.repeat(16)) },
      { ...slot, repository: 1 },
      { ...slot, repositoryId: counting(9) },
      { ...slot, slot: 1 },
      { ...slot, createdMs: 1 },
      { ...slot, salt: counting(9) },
      { ...slot, argon2: { ...slot.argon2, passes: 4 } },
      { ...slot, authPublicKey: counting(9) },
      { ...slot, sealedMasterKey: flipped(slot.sealedMasterKey, 0) },
      { ...slot, commitment: flipped(slot.commitment, 0) },
    ]
    for (const other of others) {
      expect(refusalOf(() => openSlotWith(other, keys))).toBe('passphrase-wrong')
    }
  })

  it('is damaged when the passphrase is right and the sealed key is not', () => {
    const { slot, keys } = sample
    const sealedMasterKey = flipped(slot.sealedMasterKey, 47)
    const commitment = hmacSha256(keys.commit, encodeSlotBody(slot, sealedMasterKey))
    const other = decodeSlot(encodeSlot({ ...slot, sealedMasterKey, commitment }), true)
    expect(refusalOf(() => openSlotWith(other, keys))).toBe('damaged')
  })

  it('is bound to its head by the sealed key as well', () => {
    const { slot, keys } = sample
    const head = { ...slot, createdMs: 1 }
    const commitment = hmacSha256(keys.commit, encodeSlotBody(head, slot.sealedMasterKey))
    expect(refusalOf(() => openSlotWith({ ...head, commitment }, keys))).toBe('damaged')
  })

  it('is another each time, for the same passphrase and key', async () => {
    const secrets = {
      passphrase: passphraseOf(passphrase),
      masterKey: new Secret(masterKey.slice()),
    }
    const facts = { ...place, argon2: weak }
    const slot = decodeSlot(await createSlot(secrets, facts, systemRandom), true)
    expect(slot.salt).not.toEqual(sample.slot.salt)
    expect(slot.sealedMasterKey).not.toEqual(sample.slot.sealedMasterKey)
    expect(slot.authPublicKey).not.toEqual(sample.slot.authPublicKey)
  })

  it('holds neither the master key nor the passphrase in the clear', () => {
    const bytes = Buffer.from(sample.bytes)
    for (const secret of [masterKey, passphrase, sample.keys.kek, sample.keys.auth]) {
      expect(bytes.indexOf(secret)).toBe(-1)
    }
    expect(bytes.indexOf(ed25519PublicKey(sample.keys.auth))).toBeGreaterThan(0)
  })
})

describe('stretching', () => {
  it.each([
    { ...weak, memoryKiB: 65_535 },
    { ...weak, memoryKiB: 1_048_577 },
    { ...weak, memoryKiB: 0xffff_ffff },
    { ...weak, passes: 2 },
    { ...weak, passes: 11 },
    { ...weak, lanes: 0 },
    { ...weak, lanes: 5 },
  ])('is refused before any memory is taken: %j', async (parameters) => {
    const work = argon2(new Uint8Array(16), counting(0), { ...parameters, allowWeak: true })
    expect(await refusalOfPromise(work)).toBe('malformed')
  })

  it('is refused with less memory than writers use, unless told otherwise', async () => {
    const work = deriveSlotKeys(passphraseOf(passphrase), { ...weak, salt: counting(0) })
    expect(await refusalOfPromise(work)).toBe('malformed')
  })

  it('refuses a salt of another length', async () => {
    const salt = concatBytes(counting(0), counting(0))
    await expect(argon2(new Uint8Array(16), salt, { ...weak, allowWeak: true })).rejects.toThrow(
      RangeError,
    )
  })
})
