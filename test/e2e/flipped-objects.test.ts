/** An object of the golden vault with a flipped bit: a verification names it, and a restore never gives anything else for good. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { BackupError } from '../../src/base/errors.ts'
import { verifyPoints } from '../../src/agent/verify/verify.ts'
import { objectKinds, type ObjectKind } from '../../src/model/ids.ts'
import type { NewObject } from '../../src/repository/connection.ts'
import type { PointFacts } from '../../src/repository/point-reader.ts'
import { flipped } from '../support/damaged.ts'
import { partsOfPack } from '../support/golden-packs.ts'
import { openGolden, restoreAll, type GoldenRepository } from '../support/golden-repository.ts'
import { goldenExpectation, type GoldenPoint } from '../support/golden-vault.ts'
import { spread } from '../support/refusals.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { listTree } from '../support/tree-listing.ts'

const expectation = goldenExpectation()

describe('an object with a flipped bit', () => {
  let golden: GoldenRepository
  beforeAll(async () => {
    golden = await openGolden()
  })

  const objectsOf = (...kinds: ObjectKind[]): NewObject[] =>
    [...golden.vault.stored.values()].filter(({ kind }) => kinds.includes(kind))

  /** The object lies spoilt in the vault while `work` goes on. */
  async function spoilt<T>(object: NewObject, at: number, work: () => Promise<T>): Promise<T> {
    const { stored } = golden.vault
    stored.set(object.id, { ...object, bytes: flipped(object.bytes, at) })
    try {
      return await work()
    } finally {
      stored.set(object.id, object)
    }
  }

  it.each(objectKinds)('is named by a verification: %s', async (kind) => {
    const objects = objectsOf(kind)
    expect(objects.length).toBeGreaterThan(1)
    for (const object of objects) {
      for (const at of spread(object.bytes.length, 9)) {
        const { damages } = await spoilt(object, at, () =>
          verifyPoints(golden.repository, golden.points, { readData: true }),
        )
        // What follows from it comes behind.
        expect(damages[0]?.id).toBe(object.id)
      }
    }
  })

  it('is restored as it was or said to be damaged, where it is a pack', async () => {
    let whole = 0
    let damaged = 0
    for (const object of objectsOf('data', 'tree')) {
      const { head, end } = partsOfPack(object.bytes, golden.repository.keys)
      for (const at of spread(end - head.length, 5).map((place) => head.length + place)) {
        for (const [place, point] of expectation.points.entries()) {
          const outcome = await spoilt(object, at, () => restored(golden.points[place], point))
          expect(outcome.wrong).toEqual([])
          if (outcome.isWhole) whole++
          else damaged++
        }
      }
    }
    // The packs of the second run hold nothing of the first point; the others hold some of each.
    expect(whole).toBeGreaterThanOrEqual(10)
    expect(damaged).toBeGreaterThanOrEqual(20)
  })

  async function restored(facts: PointFacts | undefined, point: GoldenPoint) {
    if (facts === undefined) throw new Error('The point is not there.')
    const out = join(scratchDirectory(), 'out')
    const failures = await failuresOf(() => restoreAll(golden.repository, facts, out))
    if (failures === undefined) return { wrong: [], isWhole: false }
    const right = new Map(point.entries.map((entry) => [entry.path, entry.sha256]))
    const folder = join(out, Buffer.from(expectation.below, 'hex').toString())
    const entries = existsSync(folder) ? listTree(folder) : []
    const wrong = entries.filter(({ path, sha256 }) => right.get(path) !== sha256)
    const isWhole = failures === 0 && entries.length === point.entries.length
    expect(isWhole).toBe(failures === 0)
    return { wrong, isWhole }
  }
})

/** Of a restore; undefined where it was refused as a whole. */
async function failuresOf(
  work: () => Promise<{ readonly failureCount: number }>,
): Promise<number | undefined> {
  try {
    return (await work()).failureCount
  } catch (error) {
    if (error instanceof BackupError) return undefined
    throw error
  }
}
