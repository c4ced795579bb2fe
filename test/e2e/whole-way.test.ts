/** From a credential file to a restored folder, by the built commands. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'

describe('the whole way', () => {
  it('registers, backs up, sends nothing twice, and restores what was there', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(join(folder, 'empty'), { recursive: true })
    for (let i = 0; i < 50; i++)
      writeFileSync(join(folder, `file-${i}`), `content ${i}\n`.repeat(i))
    expect(await machine.backup('policy', 'include', folder)).toMatchObject({ code: 0 })
    const first = await machine.backup('run')
    expect(first.event('summary')).toMatchObject({ outcome: 'done', files: 50, leftOut: 0 })
    const second = await machine.backup('run')
    expect(second.event('summary')).toMatchObject({ outcome: 'done', files: 50 })
    expect(second.event('summary')?.['bytesSent']).toBeLessThanOrEqual(64 * 1024)

    const out = join(vault.scratch, 'out')
    const pointId = String(first.event('summary')?.['pointId'])
    const restored = await machine.backup('restore', '--point', pointId, '--to', out)
    expect(restored.event('summary')).toMatchObject({ outcome: 'done', files: 50 })
    expect(readFileSync(join(out, folder, 'file-49'), 'utf8')).toBe('content 49\n'.repeat(49))
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  })
})
