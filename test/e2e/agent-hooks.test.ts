/** Commands of the user's own around runs: what they are told, and what becomes of a run where they fail. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault } from '../support/agent-vault.ts'
import { exitOf, registeredMachine } from '../support/commands.ts'

describe.skipIf(process.platform === 'win32')('hooks', () => {
  it('come before and after a run with its facts; one that fails before it ends it, with its output', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const at = (name: string) => join(vault.scratch, name)
    mkdirSync(at('data'))
    writeFileSync(at('data/file'), 'content')
    await machine.backup('policy', 'include', at('data'))
    const hook = (...words: string[]) => machine.backup('policy', 'hooks', ...words)
    await hook('set', 'before', `echo dumped > ${at('data/dump')}`)
    await hook('set', 'after', `env > ${at('after')}; echo "$BACKUP_OUTCOME" >> ${at('outcomes')}`)
    await hook('set', 'on-failure', `echo "$BACKUP_ERROR" >> ${at('outcomes')}`)

    expect((await machine.backup('run', '--dry-run')).event('summary')).toMatchObject({ files: 1 })
    const done = await machine.backup('run')
    expect(done.event('summary')).toMatchObject({ files: 2 })
    const facts = readFileSync(at('after'), 'utf8').split('\n')
    expect(facts).toContain(`BACKUP_POINT=${String(done.event('summary')?.['pointId'])}`)
    expect(facts).toContain(`BACKUP_JOB=${String(done.event('job')?.['id'])}`)
    expect(facts.filter((fact) => fact.startsWith('BACKUP_PASSPHRASE'))).toEqual([])

    await hook('set', 'before', 'echo no database; exit 7')
    const failed = await machine.backup('run')
    expect(exitOf(failed)).toMatchObject({ code: 1, error: 'hook-failed' })
    expect(exitOf(failed)['message']).toContain('no database')
    expect(readFileSync(at('outcomes'), 'utf8')).toBe('success\nfailure\nhook-failed\n')
    expect(
      (await machine.backup('points')).events.filter(({ event }) => event === 'point'),
    ).toHaveLength(1)

    await hook('set', 'after', 'exit 1')
    await hook('clear', 'before')
    expect(exitOf(await machine.backup('run'))).toMatchObject({ code: 0 })
    await hook('clear')
    expect((await machine.backup('policy', 'show')).event('policy')).not.toHaveProperty('hooks')
  }, 120_000)
})
