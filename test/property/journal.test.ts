/** Runs by the journal make the points that full scans make, whatever changed, also between a run's question and its end. */

import fc from 'fast-check'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Changes } from '../../src/agent/backup/changed-directories.ts'
import { ScanNeeded } from '../../src/agent/backup/changes.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { startTestJournal } from '../support/test-journal.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { createPointWalker, type WalkedFolder } from '../support/walk-points.ts'

const places = ['', 'a', 'a/b', 'a/b/c', 'd', 'd/a', 'e']
const names = ['a', 'b', 'c', 'one', 'two', 'odd\\name', 'foo~']

const place = fc.constantFrom(...places)
const path = fc.tuple(place, fc.constantFrom(...names)).map(([at, name]) => join(at, name))
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('make' as const), path }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), path, to: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('swap' as const), path, to: path }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('append', 'remove', 'link', 'chmod', 'age'),
      path,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hard' as const), path, to: path }) },
)
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

let made = 0
const isTaken = (path: string) => existsSync(path) || path.endsWith('\0')

/** What can not be done, as things are, is not. */
function apply(folder: string, { kind, path, ...others }: Change): void {
  const at = join(folder, path)
  const to = 'to' in others ? join(folder, others.to) : at
  made++
  try {
    if (kind === 'write') writeFileSync(at, pseudoRandomBytes('j', 100 + made))
    if (kind === 'append') appendFileSync(at, pseudoRandomBytes('j', 100 + made))
    if (kind === 'make') mkdirSync(join(at, 'new', 'deep'), { recursive: true })
    if (kind === 'make') writeFileSync(join(at, 'new', 'deep', 'file'), `${made}`)
    if (kind === 'move') renameSync(at, to)
    if (kind === 'swap' && isTaken(at) && isTaken(to)) {
      const between = join(folder, `between ${made}`)
      renameSync(at, between)
      renameSync(to, at)
      renameSync(between, to)
    }
    if (kind === 'remove') rmSync(at, { recursive: true })
    if (kind === 'link') {
      if (existsSync(at)) renameSync(at, join(dirname(at), `moved ${made}`))
      symlinkSync(`target ${made}`, at)
    }
    if (kind === 'chmod') chmodSync(at, 0o700 + (made % 8))
    if (kind === 'age') utimesSync(at, made, made)
    if (kind === 'hard') linkSync(at, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** A second name is given last: one that goes again in the same breath leaves a trace only in the file's times. */
const inOrder = (changes: readonly Change[]): Change[] =>
  changes.toSorted((a, b) => Number(a.kind === 'hard') - Number(b.kind === 'hard'))

const round = fc.record({
  before: fc.array(change, { maxLength: 8 }).map(inOrder),
  during: fc.oneof(fc.constant([]), fc.array(change, { maxLength: 4 }).map(inOrder)),
})

describe.skipIf(process.platform !== 'linux')('the journal', () => {
  it('makes the points that full scans make', { timeout: 240_000 }, async () => {
    let byJournal = 0
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 3, maxLength: 6 }), async (rounds) => {
        const scratch = scratchDirectory()
        const folder = join(scratch, 'source')
        for (const at of places) mkdirSync(join(folder, at), { recursive: true })
        const journal = await startTestJournal(scratch, [folder])
        const walker = createPointWalker()
        let previous: WalkedFolder | undefined
        for (const { before, during } of [{ before: [], during: [] }, ...rounds, last]) {
          for (const each of before) apply(folder, each)
          const { changes, covered } = await journal.ask()
          for (const each of during) apply(folder, each)
          const walked = await walkBy(walker, folder, { previous, changes })
          byJournal += walked.isFull ? 0 : 1
          if (during.length === 0 && !walked.isFull) {
            const full = await walker.walk(folder, previous)
            expect(walked.point.entry).toEqual(full.entry)
            expect(walked.point.counts).toEqual(full.counts)
            expect(walked.point.same).toBe(full.same)
          }
          await covered(walked.point)
          previous = walked.point
        }
        await journal.close()
      }),
      { numRuns: 15 },
    )
    expect(byJournal).toBeGreaterThan(20)
  })
})

const last = { before: [], during: [] }

/** As a run does it: by the journal where it goes, else everywhere. */
async function walkBy(
  walker: ReturnType<typeof createPointWalker>,
  folder: string,
  { previous, changes }: { previous: WalkedFolder | undefined; changes: Changes | undefined },
): Promise<{ point: WalkedFolder; isFull: boolean }> {
  if (previous !== undefined && changes !== undefined) {
    try {
      return { point: await walker.walk(folder, { ...previous, changes }), isFull: false }
    } catch (error) {
      if (!(error instanceof ScanNeeded)) throw error
    }
  }
  return { point: await walker.walk(folder, previous), isFull: true }
}
