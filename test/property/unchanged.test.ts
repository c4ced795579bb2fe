/** What is found unchanged in the lean way makes the point that a look at each entry makes. */

import fc from 'fast-check'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { createPointWalker, type WalkedFolder } from '../support/walk-points.ts'

const change = fc.record({
  kind: fc.constantFrom(...['write', 'link', 'symlink', 'remove', 'remove-all', 'mode', 'early']),
  at: fc.constantFrom('a', 'a/b', 'a/b/c', 'd', 'e'),
  name: fc.constantFrom('one', 'two', 'left-out', 'three.tmp', 'a'),
  bytes: fc.oneof(fc.constant(0), fc.nat(2000), fc.nat(40_000)),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

let written = 0

function apply(folder: string, { kind, at, name, bytes }: Change): void {
  const directory = join(folder, at)
  if (kind === 'remove-all') {
    rmSync(directory, { recursive: true, force: true })
    return
  }
  mkdirSync(directory, { recursive: true })
  const path = join(directory, name)
  if (kind === 'mode') {
    chmodSync(directory, 0o700 + (written++ % 64))
    return
  }
  rmSync(path, { recursive: true, force: true })
  // Sizes never come twice: within a tick of the clock a file of the same size would look unchanged.
  if (kind === 'write' || kind === 'early') {
    writeFileSync(path, pseudoRandomBytes('c', bytes === 0 ? 0 : bytes + written++))
  }
  if (kind === 'early') utimesSync(path, -1000, -1000.5)
  if (kind === 'link') linkSync(join(folder, 'linked'), path)
  if (kind === 'symlink') symlinkSync(`target ${written++}`, path)
}

const round = fc.array(change, { maxLength: 5 })

it('the same root, counts and chunks, whatever changed', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      ...[fc.array(round, { minLength: 2, maxLength: 6 }), fc.boolean()],
      async (rounds, hasRules) => {
        const folder = join(scratchDirectory(), 'data')
        mkdirSync(folder)
        writeFileSync(join(folder, 'linked'), 'a file of several names')
        const walker = createPointWalker(hasRules ? ['left-out', '*.tmp', '!a/three.tmp'] : [])
        let previous: WalkedFolder | undefined
        for (const changes of rounds) {
          for (const made of changes) apply(folder, made)
          const lean = await walker.walk(folder, previous)
          const closely = previous && { ...previous, isPlaced: () => true }
          const { entry, same, counts, used } = await walker.walk(folder, closely)
          expect(lean.entry).toEqual(entry)
          expect(lean.same).toBe(same)
          expect({ ...lean.counts, bytesRead: 0 }).toEqual({ ...counts, bytesRead: 0 })
          expect(lean.used).toEqual(used)
          previous = lean
        }
      },
    ),
    { numRuns: 15 },
  )
})
