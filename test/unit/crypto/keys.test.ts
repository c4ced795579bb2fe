import { hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ascii } from '../../../src/base/bytes.ts'
import { deriveKeys, gearTable } from '../../../src/crypto/keys.ts'
import { hkdfExpand, hkdfExtract } from '../../../src/crypto/primitives/hash.ts'
import { refusalOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import { counting, keys, masterKey, repositoryId } from './fixed-keys.ts'

const label = (name: string) => ascii(`backup/v1/${name}`)

/** As Node's own HKDF has it. */
const derived = (name: string, lengthBytes = 32) =>
  new Uint8Array(hkdfSync('sha256', masterKey, repositoryId, label(name), lengthBytes))

/** E_n, by the page. */
function epochSecret(number: number): Uint8Array {
  let secret = derived('epoch/0')
  for (let epoch = 0; epoch < number; epoch++) secret = hkdfExpand(secret, label('epoch/next'))
  return secret
}

const epochs = [0, 1, 2, 12, 1_188, 65_536]

it('keys are those of the vectors', () => {
  expectVectors('keys', {
    about: 'The keys of a repository (docs/format.md 2.2). Byte strings are hexadecimal.',
    masterKey,
    repositoryId,
    prk: hkdfExtract(repositoryId, masterKey),
    kId: keys.id,
    kChunker: keys.chunker,
    kIndex: keys.index,
    kHedge: keys.hedge,
    kLocal: keys.local,
    epochs: epochs.map((epoch) => ({
      epoch,
      secret: epochSecret(epoch),
      kPack: keys.epoch(epoch).pack,
      kManifest: keys.epoch(epoch).manifest,
    })),
  })
})

describe('the keys of a repository', () => {
  it('are HKDF of the master key under their labels, the repository id as salt', () => {
    expect(keys.id).toEqual(derived('id'))
    expect(keys.chunker).toEqual(derived('chunker'))
    expect(keys.index).toEqual(derived('index'))
    expect(keys.hedge).toEqual(derived('hedge'))
    expect(keys.local).toEqual(derived('local'))
  })

  it.each(epochs)('of epoch %i follow from the epoch before', (epoch) => {
    expect(keys.epoch(epoch)).toEqual({
      pack: hkdfExpand(epochSecret(epoch), label('pack')),
      manifest: hkdfExpand(epochSecret(epoch), label('manifest')),
    })
  })

  it('of an epoch are the same whichever was asked for before', () => {
    const other = deriveKeys(masterKey, repositoryId)
    expect([other.epoch(7), other.epoch(3), other.epoch(7)]).toEqual([
      keys.epoch(7),
      keys.epoch(3),
      keys.epoch(7),
    ])
  })

  it('end with epoch 65,536: a header can not make a reader derive for ever', () => {
    for (const epoch of [65_537, 0xffff_ffff, -1, 0.5]) {
      expect(refusalOf(() => keys.epoch(epoch))).toBe('malformed')
    }
  })

  it('are others for another master key or repository', () => {
    const others = [deriveKeys(counting(1), repositoryId), deriveKeys(masterKey, counting(0x21))]
    for (const other of others) {
      expect(other.id).not.toEqual(keys.id)
      expect(other.epoch(0)).not.toEqual(keys.epoch(0))
    }
  })

  it('make a table for the chunker', () => {
    expect(gearTable(keys)).toEqual(hkdfExpand(keys.chunker, label('gear64'), 2_048))
  })
})
