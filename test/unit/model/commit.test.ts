import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, u8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { decodeCommit, encodeCommit, type Commit } from '../../../src/model/commit.ts'
import {
  noRecord,
  parseMachineId,
  parseObjectId,
  parseSourceName,
  parseVaultId,
} from '../../../src/model/ids.ts'
import { withSum } from '../../../src/model/record-sum.ts'
import { allCut, allFlipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { editedMap, keysOf } from '../../support/edited-map.ts'
import { expectVectors } from '../../support/vectors.ts'

const first: Commit = {
  vaultId: parseVaultId('a0'.repeat(16)),
  machineId: parseMachineId('b1'.repeat(16)),
  repository: 0,
  source: parseSourceName('files'),
  seq: 1,
  previous: noRecord,
  manifest: parseObjectId('c2'.repeat(32)),
  refsRoot: parseObjectId('d3'.repeat(32)),
  objectCount: 3,
  objectBytes: 65_536,
  timeMs: 1_700_000_000_000,
}
const second: Commit = {
  ...first,
  repository: 1,
  source: parseSourceName(`0${'-z'.repeat(15)}9`),
  seq: 2,
  previous: encodeCommit(first).hash,
  objectCount: 1_000_000,
  objectBytes: 16_000_000_000_000,
  timeMs: 0,
}

const { bytes } = encodeCommit(first)
const body = bytes.subarray(0, -32)

const filled = (length: number) => new Uint8Array(length).fill(1)

const malformed: Readonly<Record<string, Uint8Array>> = {
  'seq 0': editedMap(body, [5, 0]),
  'an unknown field': editedMap(body, [12, 0]),
  'a vault of 15 bytes': editedMap(body, [1, filled(15)]),
  'a machine of 32 bytes': editedMap(body, [2, filled(32)]),
  'a manifest id of 16 bytes': editedMap(body, [7, filled(16)]),
  'a source with a capital letter': editedMap(body, [4, 'Files']),
  'a source that begins with a hyphen': editedMap(body, [4, '-files']),
  'a source of 33 characters': editedMap(body, [4, 'a'.repeat(33)]),
  'no source name': editedMap(body, [4, '']),
  'a source of bytes': editedMap(body, [4, filled(5)]),
  'a negative number': editedMap(body, [9, -1]),
  'a number of 2^53': editedMap(body, [10, 2n ** 53n]),
  'an id of text': editedMap(body, [8, 'd3']),
  'a byte behind its map': concatBytes(body, u8(0)),
}

it('commit records are those of the vectors', () => {
  expectVectors('commit', {
    about:
      'Commit records (docs/format.md 10). Byte strings are hexadecimal; the record hash is the last 32 bytes.',
    commits: [first, second].map((commit) => ({
      commit,
      recordHash: encodeCommit(commit).hash,
      bytes: encodeCommit(commit).bytes,
    })),
    refused: Object.entries(malformed).map(([about, refused]) => ({
      about,
      bytes: withSum(refused),
    })),
  })
})

describe('a commit record', () => {
  it.each([first, second])('is read as what it was: seq $seq', (commit) => {
    const { bytes, hash } = encodeCommit(commit)
    expect(decodeCommit(bytes)).toEqual({ commit, hash })
    expect(hash).toBe(toHex(sha256(bytes.subarray(0, -32))))
  })

  it('is damaged with any byte changed', () => {
    expect(refusalsOf(allFlipped(bytes), decodeCommit)).toEqual(['damaged'])
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(bytes), decodeCommit)).toEqual(['damaged', 'malformed'])
    expect(refusalOf(() => decodeCommit(concatBytes(bytes, u8(0))))).toBe('damaged')
  })

  it('is refused by its length alone beyond 4 KiB', () => {
    expect(refusalOf(() => decodeCommit(filled(4_097)))).toBe('malformed')
    expect(refusalOf(() => decodeCommit(filled(4_096)))).toBe('damaged')
  })

  it('of another version is for a newer program', () => {
    const bytes = withSum(editedMap(body, [0, 2]))
    expect(refusalOf(() => decodeCommit(bytes))).toBe('unsupported-format')
  })

  it.each(Object.entries(malformed))('is refused with %s', (_, refused) => {
    expect(refusalOf(() => decodeCommit(withSum(refused)))).toBe('malformed')
  })

  it.each(keysOf(body))('is refused without field %i', (key) => {
    const bytes = withSum(editedMap(body, [key, undefined]))
    expect(refusalOf(() => decodeCommit(bytes))).toBe('malformed')
  })
})
