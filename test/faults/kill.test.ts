/** Agent and vault killed in the middle of runs: what was committed restores, and the next run ends well. */

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exitOf, registeredMachine, startCommandVault } from '../support/commands.ts'
import { backUp, expectRestored, mebibyte, writeRandom } from './folder.ts'
import { runUnderKills } from './killing.ts'
import { storedDataBytes, storedObjects } from './stored.ts'
import { until } from './until.ts'

describe('kill -9 of agent or vault', { timeout: 180_000 }, () => {
  it('at any moment leaves nothing that the next run does not mend', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    for (let file = 0; file < 20; file++) {
      writeRandom(join(folder, `directory-${file % 3}`, `file-${file}`), 2 * mebibyte)
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

  it('after some packs leaves the next run the rest to send', async () => {
    const { vault, machine } = await largeFolder()
    const running = machine.start('run')
    await until(() => storedObjects(vault.directory, 'data').length > 2, 'packs arrive')
    running.kill('SIGKILL')
    await running.result
    const storedBefore = storedDataBytes(vault.directory)
    const { summary } = await backUp(machine)
    expect(summary.bytesSent + storedBefore).toBeLessThan(largeFolderBytes * 1.06)
  })

  it('that leaves no vault ends the run, however much of it waits', async () => {
    const { vault, machine } = await largeFolder()
    const running = machine.start('run')
    await until(() => storedObjects(vault.directory, 'data').length > 0, 'a pack arrives')
    await vault.serving.stop('SIGKILL')
    expect(exitOf(await running.result)).toMatchObject({ code: 20, name: 'unreachable' })
  })
})

const largeFolderBytes = 128 * mebibyte

/** More than may wait to be sent, in files that are included and not backed up yet. */
async function largeFolder() {
  const vault = await startCommandVault()
  const env = { BACKUP_RETRY_SECONDS: '1' }
  const machine = await registeredMachine(vault, 'laptop', { env })
  const folder = join(vault.scratch, 'data')
  const fileBytes = largeFolderBytes / 32
  for (let file = 0; file < 32; file++) writeRandom(join(folder, `file-${file}`), fileBytes)
  await machine.backup('policy', 'include', folder)
  return { vault, machine }
}
