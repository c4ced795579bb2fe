/** A run with the cache makes the point that a run without it makes, whatever changed and whatever happened to the cache. */

import fc from 'fast-check'
import { linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSourceCache } from '../../src/agent/cache/source-cache.ts'
import { recordHashOf, type RecordHash } from '../../src/model/ids.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { scratchDirectory } from '../support/scratch.ts'
import {
  cacheOptions,
  createPointWalker,
  manifestOver,
  type WalkedFolder,
} from '../support/walk-points.ts'

const directories = ['a', 'a/b', 'a/b/c', 'd', 'e', 'e/f']

type Change =
  | { readonly kind: 'write'; readonly at: string; readonly name: string; readonly bytes: number }
  | { readonly kind: 'remove' | 'link' | 'symlink'; readonly at: string; readonly name: string }
  | { readonly kind: 'remove-all'; readonly at: string }

const at = fc.constantFrom(...directories)
const name = fc.constantFrom('one', 'two', 'three', 'a')

const change: fc.Arbitrary<Change> = fc.oneof(
  // More than 64 chunks of at most 256 bytes have a map.
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), at, name, bytes: fc.nat(40_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('remove', 'link', 'symlink'), at, name }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-all' as const), at }) },
)

/** What happens to the cache between two runs. */
const fate = fc.constantFrom('kept', 'kept', 'kept', 'gone', 'cut', 'flipped', 'not committed')

let written = 0

function apply(folder: string, made: Change): void {
  const directory = join(folder, made.at)
  if (made.kind === 'remove-all') {
    rmSync(directory, { recursive: true, force: true })
    return
  }
  mkdirSync(directory, { recursive: true })
  const path = join(directory, made.name)
  rmSync(path, { recursive: true, force: true })
  // Sizes never come twice: within a tick of the clock a file of the same size would look unchanged.
  if (made.kind === 'write') writeFileSync(path, pseudoRandomBytes('c', made.bytes + written++))
  if (made.kind === 'link') linkSync(join(folder, 'linked'), path)
  if (made.kind === 'symlink') symlinkSync(`target ${written++}`, path)
}

function spoil(directory: string, how: string, chance: number): void {
  if (how === 'gone') rmSync(directory, { recursive: true, force: true })
  const [file] = how === 'cut' || how === 'flipped' ? readdirSync(directory).sort().reverse() : []
  if (file === undefined) return
  const path = join(directory, file)
  const place = Math.floor(chance * statSync(path).size)
  if (how === 'cut') truncateSync(path, place)
  else {
    const bytes = readFileSync(path)
    bytes[place] = (bytes[place] ?? 0) ^ 0x10
    writeFileSync(path, bytes)
  }
}

const hashOf = (run: number): RecordHash => recordHashOf(new Uint8Array(32).fill(run + 1))

const round = fc.record({
  changes: fc.array(change, { maxLength: 6 }),
  fate,
  chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
})

it('the same root and the same chunks with a cache as without', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 8 }), async (rounds) => {
      const scratch = scratchDirectory()
      const [folder, directory] = [join(scratch, 'data'), join(scratch, 'cache')]
      mkdirSync(folder)
      writeFileSync(join(folder, 'linked'), 'a file of several names')
      const walker = createPointWalker()
      let previous: WalkedFolder | undefined
      let isWhole = false
      for (const [run, { changes, fate: how, chance }] of rounds.entries()) {
        for (const made of changes) apply(folder, made)
        const without = await walker.walk(folder, previous)
        const before = walker.fetched()
        const cache = await openSourceCache({ ...cacheOptions, directory, say: () => undefined })
        if (isWhole) expect(cache.manifestOf(hashOf(run - 1))).toBeDefined()
        expect(cache.manifestOf(hashOf(run))).toBeUndefined()
        cache.begin()
        const withIt = await walker.walk(folder, previous, cache)
        if (isWhole) expect(walker.fetched()).toBe(before)
        if (how !== 'not committed') await cache.commit(hashOf(run), manifestOver(withIt))
        cache.close()
        expect(withIt.entry).toEqual(without.entry)
        expect(withIt.same).toBe(without.same)
        expect(withIt.used).toEqual(without.used)
        spoil(directory, how, chance)
        isWhole = how === 'kept'
        previous = withIt
      }
    }),
    { numRuns: 15 },
  )
})
