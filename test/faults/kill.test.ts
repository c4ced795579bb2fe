/** Agent and vault killed in the middle of runs: what was committed restores, and the next run ends well. */

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { backUp, expectRestored, mebibyte, writeRandom } from './folder.ts'
import { runUnderKills } from './killing.ts'

describe('kill -9 of agent or vault', { timeout: 180_000 }, () => {
  it('at any moment leaves nothing that the next run does not mend', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    for (let file = 0; file < 20; file++) {
      writeRandom(join(folder, `directory-${file % 3}`, `file-${file}`), 3 * mebibyte)
    }
    await machine.backup('policy', 'include', folder)
    await runUnderKills({
      ...{ vault, machine, seed: 'six', kills: 6 },
      change: (point) => writeRandom(join(folder, 'changing'), 3 * mebibyte, `point ${point}`),
    })
    await backUp(machine)
    await expectRestored(machine, folder)
    expect(await machine.backup('verify')).toMatchObject({ code: 0 })
  })
})
