import { expect, it } from 'vitest'
import { u64 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { chunkerCapacityBytes, createChunker } from '../../../src/chunker/chunker.ts'
import { createGear64Kernel } from '../../../src/chunker/gear64.ts'
import { referenceCuts, referenceHash } from '../../../src/chunker/gear64-reference.ts'
import {
  defaultChunkerParameters,
  type ChunkerParameters,
} from '../../../src/chunker/parameters.ts'
import { deriveKeys, gearTable } from '../../../src/crypto/keys.ts'
import { cutsOf } from '../../support/cuts-of.ts'
import { pseudoRandomBytes } from '../../support/pseudo-random.ts'
import { expectVectors } from '../../support/vectors.ts'
import { keys, masterKey, repositoryId } from '../crypto/fixed-keys.ts'

const table = gearTable(keys)
const small: ChunkerParameters = {
  minBytes: 256,
  normalBytes: 512,
  maxBytes: 2_048,
  strictBits: 10,
  looseBits: 7,
}

interface Sample {
  readonly about: string
  readonly data: Uint8Array
  readonly parameters: ChunkerParameters
}

const shake = (seed: string, length: number) => ({
  about: `the first ${length} bytes of SHAKE256 of the ASCII text "${seed}"`,
  data: pseudoRandomBytes(seed, length),
})
const zeros = (length: number) => ({ about: `${length} zero bytes`, data: new Uint8Array(length) })
const period = (length: number) => ({
  about: `${length} bytes, byte i is 3 (i mod 64)`,
  data: Uint8Array.from({ length }, (_, at) => (at % 64) * 3),
})

const samples: readonly Sample[] = [
  { ...zeros(0), parameters: small },
  { ...zeros(1), parameters: small },
  { ...zeros(5_000), parameters: small },
  { ...period(5_000), parameters: small },
  { ...shake('gear64', 20_000), parameters: small },
  { ...shake('gear64 d', 12_000_000), parameters: defaultChunkerParameters },
  { ...zeros(20_000_000), parameters: defaultChunkerParameters },
]

const hashed = pseudoRandomBytes('hashes', 100)

const kernelCuts = ({ data, parameters }: Sample, blockBytes = 1 << 20): number[] => {
  const kernel = createGear64Kernel(table, chunkerCapacityBytes(parameters, blockBytes))
  return cutsOf(createChunker(kernel, parameters, blockBytes), data, blockBytes)
}

it('table, hashes and cuts are those of the vectors', () => {
  expectVectors('gear64', {
    about:
      'The chunker gear64 (docs/format.md 3.1). The table is as derived; hashes are u64 as decimal text; cuts are the offsets behind each chunk.',
    masterKey,
    repositoryId,
    kChunker: keys.chunker,
    table,
    firstNumberOfTable: new DataView(table.buffer).getBigUint64(0, true),
    hashes: {
      data: hashed,
      places: [0, 1, 2, 62, 63, 64, 65, 99].map((at) => ({
        at,
        hash: referenceHash(hashed, at, table),
      })),
    },
    files: samples.map((sample) => ({
      about: sample.about,
      sha256: sha256(sample.data),
      parameters: sample.parameters,
      cuts: kernelCuts(sample),
    })),
  })
})

it('the kernel cuts where the reference cuts, under a derived table', () => {
  for (const sample of samples) {
    expect(kernelCuts(sample)).toEqual(referenceCuts(sample.data, table, sample.parameters))
  }
})

it('the hash of a place is the sum of the table shifted by the distance, 64 bytes back', () => {
  const view = new DataView(table.buffer)
  const sum = (at: number) =>
    [...hashed.subarray(Math.max(0, at - 63), at + 1)]
      .reverse()
      .reduce((hash, byte, back) => hash + (view.getBigUint64(8 * byte, true) << BigInt(back)), 0n)
  for (const at of hashed.keys()) {
    expect(u64(referenceHash(hashed, at, table))).toEqual(u64(BigInt.asUintN(64, sum(at))))
  }
})

it('another repository cuts the same file elsewhere', () => {
  const other = gearTable(deriveKeys(masterKey, masterKey))
  const data = pseudoRandomBytes('gear64', 20_000)
  expect(referenceCuts(data, other, small)).not.toEqual(referenceCuts(data, table, small))
})
