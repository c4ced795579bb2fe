/** Fifty kills: everything restores, and no uploaded pack was in vain. */

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { backUp, expectRestored, mebibyte, writeRandom } from '../faults/folder.ts'
import { runUnderKills } from '../faults/killing.ts'
import { storedDataBytes } from '../faults/stored.ts'

const fileBytes = 8 * mebibyte
const fileCount = 40
/** Of a pack: what its chunks, its directory and its padding may make of 16 MiB. */
const packBytes = 18 * mebibyte
/** As many packs are on their way at once: a kill between their arrival and the vault's list of them loses these. */
const packsUnderWay = 4

describe('fifty kills of agent or vault', { timeout: 1_800_000 }, () => {
  it('cost no pack that the vault has acknowledged', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    let writtenBytes = 0
    const write = (name: string, seed?: string) => {
      writeRandom(join(folder, name), fileBytes, seed)
      writtenBytes += fileBytes
    }
    for (let file = 0; file < fileCount; file++)
      write(join(`directory-${file % 3}`, `file-${file}`))
    await machine.backup('policy', 'include', folder)
    await runUnderKills({
      ...{ vault, machine, seed: 'fifty', kills: 50 },
      change: (point) => write('changing', `point ${point}`),
    })
    const storedBefore = storedDataBytes(vault.directory)
    const { summary } = await backUp(machine)
    const overheadBytes = writtenBytes * 0.06 + packsUnderWay * packBytes
    expect(storedBefore).toBeLessThan(writtenBytes + overheadBytes)
    expect(summary.bytesSent + storedBefore).toBeLessThan(writtenBytes + overheadBytes)
    await expectRestored(machine, folder)
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  })
})
