import { describe, expect, it } from 'vitest'
import { concatBytes, u8 } from '../../../src/base/bytes.ts'
import { Secret } from '../../../src/base/secret.ts'
import {
  openPredecessors,
  sealPredecessors,
  type Predecessor,
} from '../../../src/crypto/predecessors.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import { counting, fixedRandom, masterKey, repositoryId } from './fixed-keys.ts'

const successor = { masterKey: new Secret(masterKey.slice()), repositoryId }
const older = [
  { number: 0, repositoryId: counting(0x40), masterKey: new Secret(counting(0x60)) },
  { number: 2, repositoryId: counting(0x80), masterKey: new Secret(counting(0xa0)) },
]
const { random, given } = fixedRandom('predecessors')
const sealed = sealPredecessors(older, successor, random)

const plain = (each: Predecessor) => ({ ...each, masterKey: each.masterKey.bytes })
const opened = (bytes: Uint8Array) => openPredecessors(bytes, successor).map(plain)

it('keys of earlier repositories are sealed as in the vectors', () => {
  expectVectors('predecessors', {
    about: 'Keys of earlier repositories (docs/format.md 5.1). Byte strings are hexadecimal.',
    ...{ masterKey, repositoryId, salt: given[0], predecessors: older.map(plain), sealed },
  })
})

describe('keys of earlier repositories', () => {
  it('are opened with the later master key', () => {
    expect(JSON.stringify(opened(sealed))).toBe(JSON.stringify(older.map(plain)))
  })

  it('are not opened with one of themselves, nor in another repository', () => {
    const elsewhere = { ...successor, repositoryId: counting(1) }
    for (const other of [...older, elsewhere]) {
      expect(refusalOf(() => openPredecessors(sealed, other))).toBe('damaged')
    }
  })

  it('are refused with any byte changed, cut off or longer', () => {
    expect(refusalsOf(allFlipped(sealed), opened)).toEqual(['damaged'])
    expect(refusalsOf(allCut(sealed), opened)).toEqual(['damaged'])
    expect(refusalOf(() => opened(concatBytes(sealed, u8(0))))).toBe('damaged')
  })

  it('are refused where there are none, or out of order', () => {
    for (const wrong of [[], [...older].reverse(), [...older, ...older]]) {
      const bytes = sealPredecessors(wrong, successor, random)
      expect(refusalOf(() => opened(bytes))).toBe('malformed')
    }
  })
})
