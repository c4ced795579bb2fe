import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/base/secret.ts'
import {
  advanceKey,
  epochOfKey,
  hardenKey,
  isHardened,
  isMadeOf,
  keysOfHeld,
} from '../../../src/crypto/held-key.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { refusalOf } from '../../support/damaged.ts'
import { counting, keys, masterKey, repositoryId } from './fixed-keys.ts'

const master = new Secret(masterKey.slice())
const held = hardenKey(master, repositoryId, 3)

describe('what a hardened machine holds', () => {
  it('has the keys of its epoch and of later ones, and those that have no epoch', () => {
    const own = keysOfHeld(held, repositoryId)
    const { id, chunker, index, hedge, local } = keys
    expect(own).toMatchObject({ id, chunker, index, hedge, local, currentEpoch: 3 })
    for (const epoch of [3, 7, 4, 1_188]) expect(own.epoch(epoch)).toEqual(keys.epoch(epoch))
  })

  it('has no key of an earlier epoch, and not the master key', () => {
    const own = keysOfHeld(held, repositoryId)
    for (const epoch of [0, 1, 2]) expect(refusalOf(() => own.epoch(epoch))).toBe('epoch-closed')
    expect(Buffer.from(held.bytes).includes(Buffer.from(masterKey))).toBe(false)
    for (const epoch of [0, 1, 2]) {
      const earlier = Buffer.from(hardenKey(master, repositoryId, epoch).bytes.slice(-64, -32))
      expect(Buffer.from(held.bytes).includes(earlier)).toBe(false)
    }
  })

  it('goes on to later epochs, never back', () => {
    const later = advanceKey(held, 9)
    expect(epochOfKey(later)).toBe(9)
    expect(later).toEqual(hardenKey(master, repositoryId, 9))
    expect(refusalOf(() => advanceKey(later, 8))).toBe('epoch-closed')
    expect(refusalOf(() => advanceKey(later, 65_537))).toBe('malformed')
  })

  it('seals in the epoch that was reached, wherever that is known from', () => {
    expect(keysOfHeld(held, repositoryId, 5).currentEpoch).toBe(5)
    expect(keysOfHeld(held, repositoryId, 1).currentEpoch).toBe(3)
    expect(keysOfHeld(master, repositoryId, 5).currentEpoch).toBe(5)
  })

  it('is told from a master key, and from what was made of another one', () => {
    expect([isHardened(held), isHardened(master)]).toEqual([true, false])
    const other = new Secret(counting(1))
    expect(isMadeOf(held, master, repositoryId)).toBe(true)
    expect(isMadeOf(master, master, repositoryId)).toBe(true)
    expect(isMadeOf(held, other, repositoryId)).toBe(false)
    expect(isMadeOf(other, master, repositoryId)).toBe(false)
    expect(deriveKeys(masterKey, repositoryId).id).toEqual(keys.id)
  })

  it('is refused when a bit of it is another one: nothing is sealed under a key that nobody has', () => {
    for (let at = 0; at < held.bytes.length; at++) {
      const damaged = held.bytes.slice()
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(refusalOf(() => keysOfHeld(new Secret(damaged), repositoryId))).toBe('damaged')
    }
    for (const length of [0, 31, 33, held.bytes.length - 1]) {
      const cut = refusalOf(() => keysOfHeld(new Secret(held.bytes.slice(0, length)), repositoryId))
      expect(['damaged', 'malformed']).toContain(cut)
    }
  })
})
