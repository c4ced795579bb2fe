/** What `backup doctor` finds, by the built commands. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { bareMachine, exitOf, registeredMachine, type Ended } from '../support/commands.ts'

const findings = ({ events }: Ended): Record<string, unknown> =>
  Object.fromEntries(
    events
      .filter(({ event }) => event === 'check')
      .map(({ name, outcome }) => [String(name), outcome]),
  )

const hintOf = ({ events }: Ended, wanted: string): unknown =>
  events.find(({ event, name }) => event === 'check' && name === wanted)?.['hint']

it('says what a backup lacks, and what to do about it', async () => {
  const vault = await startAgentVault()
  const bare = await bareMachine(vault.scratch, 'bare').backup('doctor')
  expect(exitOf(bare)).toMatchObject({ code: 1 })
  expect(findings(bare)).toMatchObject({ registration: 'failed', vault: 'skipped' })
  expect(hintOf(bare, 'registration')).toContain('backup register')

  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  await machine.backup('policy', 'include', folder)
  const sound = await machine.backup('doctor')
  expect(sound).toMatchObject({ code: 0 })
  expect(findings(sound)).toMatchObject({
    ...{ state: 'ok', registration: 'ok', key: 'ok', certificate: 'ok' },
    ...{ vault: 'ok', clock: 'ok', sources: 'ok' },
  })

  const rescue = bareMachine(vault.scratch, 'rescue')
  const { id } = await oneMachine(vault.service.vault, { machine: 'laptop' })
  await rescue.backup(
    ...['recover', '--vault-credentials', await vault.credential(id)],
    ...['--passphrase-file', machine.passphraseFile],
  )
  const reading = await rescue.backup('doctor')
  expect(reading).toMatchObject({ code: 0 })
  expect(new Set(Object.values(findings(reading)))).toEqual(new Set(['ok']))

  const misplaced = bareMachine(vault.scratch, 'misplaced')
  writeFileSync(misplaced.state, 'a file')
  const refused = await misplaced.backup('doctor')
  expect(findings(refused)).toMatchObject({ state: 'failed' })
  expect(hintOf(refused, 'state')).toContain('permissions')

  rmSync(folder, { recursive: true })
  rmSync(join(machine.state, 'master.key'))
  await vault.service.stop()
  const broken = await machine.backup('doctor')
  expect(broken).toMatchObject({ code: 1 })
  expect(findings(broken)).toMatchObject({
    ...{ registration: 'ok', key: 'failed', vault: 'failed', clock: 'skipped', sources: 'warning' },
  })
  expect(hintOf(broken, 'key')).toContain('backup key-store move')
})
