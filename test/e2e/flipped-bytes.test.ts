/** One bit of the golden vault turned over, wherever a seal or a sum covers it: no reader takes it for good. */

import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { passphraseOf } from '../../src/model/passphrase.ts'
import type { RepositoryKeys } from '../../src/crypto/keys.ts'
import { openDirectory, openSegment } from '../../src/crypto/pack-seal.ts'
import { deriveSlotKeys, openSlotWith } from '../../src/crypto/slot.ts'
import type { ObjectKind } from '../../src/model/ids.ts'
import { decodeSlot } from '../../src/model/slot.ts'
import type { StoredPointBytes } from '../../src/repository/connection.ts'
import { loadIndex } from '../../src/repository/index-set.ts'
import { listPoints, readManifest } from '../../src/repository/point-reader.ts'
import { openConfig, type Repository } from '../../src/repository/repository.ts'
import { flipped } from '../support/damaged.ts'
import { partsOfPack } from '../support/golden-packs.ts'
import {
  goldenAuthorities,
  openGolden,
  type GoldenRepository,
} from '../support/golden-repository.ts'
import { goldenPassphrase } from '../support/golden-vault.ts'
import { acceptedAt, everyByte, spread } from '../support/refusals.ts'

type Read = (bytes: Uint8Array) => unknown

/** The bytes whose flipping `read` does not mind, though it reads what is whole. */
async function accepted(bytes: Uint8Array, read: Read): Promise<number[]> {
  await read(bytes)
  return acceptedAt(placesIn(bytes.length), (at) => read(flipped(bytes, at)))
}

/** Every byte; of what is long, a good part. */
const placesIn = (length: number): number[] =>
  length <= 8192 ? everyByte(length) : spread(length, 2000)

/** The same where somebody flips who then makes the sum fit. */
async function acceptedBehindSum(record: Uint8Array, read: Read): Promise<number[]> {
  const body = record.subarray(0, -32)
  return accepted(body, (bytes) => read(concatBytes(bytes, sha256(bytes))))
}

describe('a flipped bit is refused', () => {
  let golden: GoldenRepository
  let keys: RepositoryKeys
  beforeAll(async () => {
    golden = await openGolden()
    keys = golden.repository.keys
  })

  const bytesOf = (...kinds: ObjectKind[]): Uint8Array[] =>
    [...golden.vault.stored.values()]
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ bytes }) => bytes)

  /** A repository whose every object is this one, without a look at its name. */
  const believing = (bytes: Uint8Array): Repository => ({
    ...golden.repository,
    connection: { ...golden.vault, object: () => Promise.resolve(bytes) },
  })

  it('in the key slot', async () => {
    const bytes = await golden.vault.slot(0, 0)
    const { salt, argon2 } = decodeSlot(bytes)
    const slotKeys = await deriveSlotKeys(passphraseOf(goldenPassphrase()), { salt, ...argon2 })
    const read: Read = (slot) => openSlotWith(decodeSlot(slot), slotKeys)
    expect(await accepted(bytes, read)).toEqual([])
    expect(await acceptedBehindSum(bytes, read)).toEqual([])
  })

  it('in the config', async () => {
    const bytes = await golden.vault.config(0, 0)
    const read: Read = (config) => openConfig(config, 0, keys)
    expect(await accepted(bytes, read)).toEqual([])
    expect(await acceptedBehindSum(bytes, read)).toEqual([])
  })

  it.each(['commit', 'record'] as const)('in the %s of a point', async (part) => {
    const { vault } = golden
    expect(vault.storedPoints).toHaveLength(2)
    const reading = (place: number): Read => {
      const spoilt = (bytes: Uint8Array): StoredPointBytes[] =>
        vault.storedPoints.map((point, at) => (at === place ? { ...point, [part]: bytes } : point))
      return (bytes) => {
        const points = () => fromList(spoilt(bytes))
        return listPoints({ ...vault, points }, goldenAuthorities())
      }
    }
    for (const [place, point] of vault.storedPoints.entries()) {
      expect(await accepted(point[part], reading(place))).toEqual([])
      expect(await acceptedBehindSum(point[part], reading(place))).toEqual([])
    }
  })

  it('in a manifest, whatever its name says', async () => {
    for (const facts of golden.points) {
      const bytes = await golden.vault.object(0, facts.commit.manifest)
      expect(await accepted(bytes, (sealed) => readManifest(believing(sealed), facts))).toEqual([])
    }
  })

  it('in an index, whatever its name says', async () => {
    const [{ indexes } = { indexes: [] }] = await Promise.all(
      golden.points.slice(1).map((facts) => readManifest(golden.repository, facts)),
    )
    expect(indexes).toHaveLength(4)
    for (const { id } of indexes) {
      const bytes = await golden.vault.object(0, id)
      expect(await accepted(bytes, (sealed) => loadIndex(believing(sealed), id))).toEqual([])
    }
  })

  it('in header, directory and segments of a pack, whatever its name says', async () => {
    const packs = bytesOf('data', 'tree').map((bytes) => partsOfPack(bytes, keys))
    expect(packs).toHaveLength(4)
    for (const { header, head, segments } of packs) {
      expect(await accepted(head, (bytes) => openDirectory(bytes, keys))).toEqual([])
      for (const [ordinal, { facts, stored }] of segments.entries()) {
        const read: Read = (bytes) => openSegment({ header, ordinal, facts, stored: bytes }, keys)
        expect(await accepted(stored, read)).toEqual([])
      }
    }
  })
})

async function* fromList<T>(items: readonly T[]): AsyncGenerator<T> {
  await Promise.resolve()
  yield* items
}
