/** How hard a source is compressed: of what is sent, not of what a point is. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault } from '../support/agent-vault.ts'
import { exitOf, registeredMachine } from '../support/commands.ts'

/** Of a program: compresses to about half. Each of its files is one chunk, so that none is known from another source. */
const program = readFileSync(process.execPath).subarray(20_000_000, 20_000_000 + 400_000)

describe('backup policy set compression', () => {
  it('makes a source send less, or faster, and says so until it is set back', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop')
    const sentAt = async (level: string): Promise<number> => {
      const folder = join(vault.scratch, level)
      mkdirSync(folder)
      writeFileSync(join(folder, 'program'), Buffer.concat([Buffer.from(level), program]))
      const source = ['--source', level]
      await machine.backup('policy', 'include', folder, ...source)
      expect(await machine.backup('policy', 'set', 'compression', level, ...source)).toMatchObject({
        code: 0,
      })
      const ended = await machine.backup('run', ...source)
      return Number(ended.event('summary')?.['bytesSent'])
    }
    const [fastest, max] = [await sentAt('fastest'), await sentAt('max')]
    expect(max).toBeLessThan(fastest * 0.95)

    const shown = await machine.backup('policy', 'show', '--source', 'max')
    expect(shown.event('policy')).toMatchObject({ compression: 'max' })
    await machine.backup('policy', 'set', 'compression', 'default', '--source', 'max')
    const after = await machine.backup('policy', 'show', '--source', 'max')
    expect(after.event('policy')).not.toHaveProperty('compression')
    const refused = await machine.backup('policy', 'set', 'compression', '19')
    expect(exitOf(refused)).toMatchObject({ code: 2, error: 'usage' })
  })
})
