/** Compaction beside churn, deletion and collection, over weeks: every point that is kept stays what it was, bit for bit. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import type { RecordHash } from '../../src/model/ids.ts'
import { defaultRetention, type RetentionPolicy } from '../../src/policy/retention.ts'
import { createAgentRuns, digestOf, type AgentRuns } from '../support/agent-runs.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import type { RunVault } from '../support/run-vault.ts'
import { scratchDirectory } from '../support/scratch.ts'

/** Nothing is held for years: packs are worth emptying soon. */
const short: RetentionPolicy = {
  ...defaultRetention,
  keep: { daily: 7, weekly: null, monthly: null, yearly: null },
}

const fileCount = 40
const pathOf = (folder: string, file: number): string =>
  join(folder, `directory-${file % 5}`, `file-${file}`)

function write(folder: string, file: number, { seed, kib }: { seed: string; kib: number }): void {
  mkdirSync(join(folder, `directory-${file % 5}`), { recursive: true })
  writeFileSync(pathOf(folder, file), pseudoRandomBytes(seed, kib * 1024))
}

function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(1), digestOf(readFileSync(path))]),
  )
}

interface Machine {
  readonly runs: AgentRuns
  readonly folder: string
}

function openMachine(): Machine {
  const folder = join(scratchDirectory(), 'data')
  for (let file = 0; file < fileCount; file++) write(folder, file, { seed: `${file}`, kib: 8 })
  return { folder, runs: createAgentRuns({ folder, retention: short, state: scratchDirectory() }) }
}

/** Ends every call for a new object from one on, before or after it is stored: the run fails there. */
function failAt({ runs: { vault } }: Machine, call: number, isStored: boolean): () => void {
  const putObject = vault.putObject.bind(vault)
  let calls = 0
  const failing: RunVault['putObject'] = async (repository, object) => {
    const ends = ++calls >= call
    if (ends && !isStored) throw new Error('the line is cut')
    const answer = await putObject(repository, object)
    if (ends) throw new Error('the line is cut')
    return answer
  }
  Object.assign(vault, { putObject: failing })
  return () => Object.assign(vault, { putObject })
}

interface Week {
  readonly days: number
  readonly changed: readonly number[]
  readonly removed: readonly number[]
  readonly kib: number
  /** A call at which the run ends first. */
  readonly cut: { readonly call: number; readonly isStored: boolean } | undefined
  /** Which points are deleted beside those that expire. */
  readonly deletes: number
}

const files = fc.uniqueArray(fc.nat(fileCount - 1), { maxLength: 30 })
const week: fc.Arbitrary<Week> = fc.record({
  days: fc.integer({ min: 1, max: 8 }),
  changed: files,
  removed: fc.uniqueArray(fc.nat(fileCount - 1), { maxLength: 4 }),
  kib: fc.integer({ min: 1, max: 48 }),
  cut: fc.option(fc.record({ call: fc.integer({ min: 1, max: 6 }), isStored: fc.boolean() }), {
    nil: undefined,
  }),
  deletes: fc.integer({ min: 2, max: 9 }),
})

async function live(weeks: readonly Week[]): Promise<void> {
  const machine = openMachine()
  const { runs, folder } = machine
  const held = new Map<RecordHash, ReadonlyMap<string, string>>()
  for (const [number, { days, changed, removed, kib, cut, deletes }] of weeks.entries()) {
    for (const file of changed) write(folder, file, { seed: `${number} ${file}`, kib })
    for (const file of removed) rmSync(pathOf(folder, file), { force: true })
    if (cut !== undefined) {
      const mend = failAt(machine, cut.call, cut.isStored)
      await runs.run().catch((error: unknown) => expect(String(error)).toContain('the line is cut'))
      mend()
      for (const { id } of await runs.points()) if (!held.has(id)) held.set(id, contentOf(folder))
    }
    const { point } = await runs.run()
    if (point !== undefined) held.set(point.id, contentOf(folder))
    runs.clock.add(days * dayMs)
    const now = runs.clock.now()
    runs.vault.forget(({ seq }, untilMs) => untilMs < now || seq % deletes === 0)
    await runs.vault.collect()
  }
  for (const point of await runs.points()) {
    expect(await runs.contentOf(point)).toEqual(held.get(point.id))
  }
}

test('whatever changes, goes, and is cut off: each point that is kept restores from what is kept', async () => {
  await fc.assert(fc.asyncProperty(fc.array(week, { minLength: 4, maxLength: 9 }), live), {
    numRuns: 4,
  })
}, 240_000)

test('packs of which little is left are emptied: their space comes back when older points have gone', async () => {
  const stored: number[] = []
  for (const compacts of [false, true]) {
    const { runs, folder } = openMachine()
    await runs.run({ compacts })
    for (let file = 0; file < fileCount; file++) {
      if (file % 8 !== 0) write(folder, file, { seed: `again ${file}`, kib: 8 })
    }
    runs.clock.add(8 * dayMs)
    const { carried, counts } = await runs.run({ compacts })
    expect(carried).toBe(undefined)
    runs.clock.add(8 * dayMs)
    const last = await runs.run({ compacts })
    if (compacts) {
      expect(last.carried).toMatchObject({ fileBytes: (fileCount / 8) * 8 * 1024 })
      expect(last.bytesRead).toBe(last.carried?.fileBytes)
    } else expect(last.bytesRead).toBe(0)
    expect(last.counts.files).toBe(counts.files)
    runs.vault.forget(() => true)
    await runs.vault.collect()
    stored.push(runs.vault.storedBytes())
    const [point, ...others] = await runs.points()
    expect(others).toEqual([])
    expect(point && (await runs.contentOf(point))).toEqual(contentOf(folder))
  }
  const [before = 0, after = 0] = stored
  expect(before - after).toBeGreaterThan(0.75 * fileCount * 8 * 1024)
})

test('a pack that another source needs is left alone until it does without', async () => {
  const { runs, folder } = openMachine()
  await runs.run()
  const other = join(scratchDirectory(), 'other')
  write(other, 0, { seed: '0', kib: 8 })
  await runs.run({ source: 'other', folder: other })
  for (let file = 8; file < fileCount; file++) write(folder, file, { seed: `new ${file}`, kib: 8 })
  await runs.run({ compacts: false })
  runs.clock.add(8 * dayMs)
  expect((await runs.run()).carried).toBe(undefined)

  rmSync(other, { recursive: true })
  write(other, 1, { seed: 'another', kib: 8 })
  await runs.run({ source: 'other', folder: other })
  runs.clock.add(8 * dayMs)
  expect((await runs.run()).carried).toMatchObject({ fileBytes: 8 * 8 * 1024 })
  runs.vault.forget(() => true)
  await runs.vault.collect()
  const newest = (await runs.points()).find(({ source }) => source === 'files')
  expect(newest && (await runs.contentOf(newest))).toEqual(contentOf(folder))
})

test('a hardened machine empties packs that it can not open any more', async () => {
  const { runs, folder } = openMachine()
  await runs.run({ compacts: false })
  for (let file = 8; file < fileCount; file++) write(folder, file, { seed: `new ${file}`, kib: 8 })
  await runs.run({ compacts: false })
  runs.harden()
  runs.clock.add(8 * dayMs)
  expect((await runs.run()).carried).toMatchObject({ fileBytes: 8 * 8 * 1024 })
  runs.vault.forget(() => true)
  await runs.vault.collect()
  const [newest] = await runs.points()
  expect(newest && (await runs.contentOf(newest))).toEqual(contentOf(folder))
})
