/** What `backup doctor` finds, by the built commands. */

import { createPublicKey } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { dayMs, settableClock } from '../../src/base/clock.ts'
import { makeAuthority, signClientCertificate } from '../../src/vault/authority/certificates.ts'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { serveVault } from '../support/running-vault.ts'
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
    ...{ vault: 'ok', clock: 'ok', sources: 'ok', watching: 'ok', notices: 'ok' },
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

it('names a wrong clock as the cause, and renews no certificate', async () => {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault)
  const path = join(machine.state, 'registration.json')
  const registration = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  const change = (facts: Record<string, unknown>) => {
    writeFileSync(path, JSON.stringify({ ...registration, ...facts }))
    return readFileSync(path, 'utf8')
  }

  const key = readFileSync(join(machine.state, 'machine.key'))
  const ended = change({ certificate: await endedCertificate(key) })
  const old = await machine.backup('doctor')
  expect(findings(old)).toMatchObject({ certificate: 'warning', vault: 'skipped', clock: 'ok' })
  expect(readFileSync(path, 'utf8')).toBe(ended)
  expect(existsSync(join(machine.state, 'renewal.pending'))).toBe(false)

  // The vault's day is one that this machine's clock reaches in 400 days.
  await vault.service.stop()
  const clock = settableClock(Date.now() + 400 * dayMs)
  const later = await serveVault(vault.service.directory, { clock, random: systemRandom })
  change({ port: later.port })
  const behind = await machine.backup('doctor')
  expect(findings(behind)).toMatchObject({ vault: 'failed', clock: 'warning' })
  expect(hintOf(behind, 'clock')).toContain('likely why')
})

/** Of the machine's own key, by whomever. */
async function endedCertificate(key: Buffer): Promise<string> {
  const moment = { nowMs: Date.now() - 400 * dayMs, random: systemRandom }
  const authority = await makeAuthority({ serviceId: '0'.repeat(32), number: 1 }, moment)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const names = { publicKey, uri: 'urn:backup:test', notAfterMs: Date.now() - dayMs }
  return (await signClientCertificate(names, authority, moment)).pem
}
