/** Random trees, changed at random between runs: what a point gives back is what was there, for every point. */

import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { compareTrees } from '../../src/agent/restore/compare.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { toDisplay } from '../../src/model/path-text.ts'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import {
  applyChange,
  makeDirectories,
  treeChange,
  type TreeChange,
} from '../support/tree-changes.ts'

const seed = Number(process.env['BACKUP_TEST_SEED'] ?? 20_260_101)
const trees = 200
const points = 4

/** What is done before each run, of one tree: the first makes it, later ones leave it alone now and then. */
const life = fc.tuple(
  fc.array(treeChange, { minLength: 40, maxLength: 80 }),
  ...Array.from({ length: points - 1 }, () =>
    fc.oneof(fc.constant([]), fc.array(treeChange, { minLength: 1, maxLength: 20 })),
  ),
)

async function differences(first: string, second: string): Promise<string[]> {
  const options = { system: systemCalls(), owners: true }
  const found = await compareTrees(first, second, options)
  return found.map(({ path, what }) => `${path.map((name) => toDisplay(name)).join('/')}: ${what}`)
}

describe.runIf(process.platform === 'linux')('200 random trees', () => {
  it('come back from each of their points as they were then', { timeout: 240_000 }, async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const at = (name: string) => join(vault.scratch, name)
    const folder = at('data')
    await machine.backup('policy', 'include', folder)
    const lives: readonly (readonly TreeChange[])[][] = fc.sample(life, { seed, numRuns: trees })
    const ids: string[] = []
    for (let point = 0; point < points; point++) {
      // What does not change now is old enough to be taken over by the run.
      if (point > 0) await sleep(2_100)
      for (const [tree, changes] of lives.entries()) {
        if (point === 0) makeDirectories(join(folder, `${tree}`))
        for (const change of changes[point] ?? []) applyChange(join(folder, `${tree}`), change)
      }
      ids.push(String((await backUp(machine)).event('summary')?.['pointId']))
      execFileSync('cp', ['--archive', folder, at(`then ${point}`)])
    }
    for (const [point, id] of ids.entries()) {
      const words = ['--point', id, folder, '--strip', '--privileged', '--to', at('restored')]
      const restored = await machine.backup('restore', ...words)
      expect(restored, `seed ${seed}, ${restored.stdout}`).toMatchObject({ code: 0 })
      const found = await differences(at(`then ${point}`), at('restored'))
      expect(found, `seed ${seed}, point ${point}`).toEqual([])
      rmSync(at('restored'), { recursive: true })
    }
  })
})
