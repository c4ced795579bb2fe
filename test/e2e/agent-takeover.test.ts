/** A machine that takes the place of a lost one, and certificates that are followed by others. */

import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { dayMs } from '../../src/base/clock.ts'
import { errorCodeOf } from '../../src/base/errors.ts'
import { renewCertificate } from '../../src/agent/register/renew.ts'
import { openState, registrationOf } from '../../src/agent/state/state.ts'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import { bareMachine, exitOf, registeredMachine, type CommandMachine } from '../support/commands.ts'

async function machineWithPoint() {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop')
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'noise'), systemRandom(3_000_000))
  await machine.backup('policy', 'include', folder)
  await machine.backup('policy', 'exclude', '*.tmp')
  expect(await machine.backup('run')).toMatchObject({ code: 0 })
  return { vault, machine, folder }
}

async function takeOver(vault: AgentVault, spare: CommandMachine) {
  const credential = await vault.credential('laptop')
  const words = ['recover', '--takeover', '--vault-credentials', credential]
  words.push('--passphrase-file', spare.passphraseFile)
  const asked = await spare.backup(...words)
  expect(exitOf(asked), asked.stdout).toMatchObject({ code: 22, error: 'pin-required' })
  const code = String(asked.event('pin-required')?.['requestCode'])
  const { pin, allows } = await issuePin(vault.service.vault, code)
  expect(allows).toContain('take its place')
  return { pin, again: (given: string) => spare.backup(...words, '--pin', given) }
}

describe('a takeover', () => {
  it('goes on with the points of the lost machine, sends nothing twice, and ends the old one', async () => {
    const { vault, machine } = await machineWithPoint()
    const spare = bareMachine(vault.scratch, 'spare')
    const { pin, again } = await takeOver(vault, spare)
    // Nothing happens without the PIN: the old machine goes on.
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(exitOf(await again('00000000'))).toMatchObject({ code: 22, error: 'pin-refused' })
    const taken = await again(pin)
    expect(taken.event('taken-over'), taken.stdout).toMatchObject({
      ...{ machine: 'laptop', sources: ['files'] },
    })
    expect(exitOf(await machine.backup('points'))).toMatchObject({
      ...{ code: 12, error: 'certificate-refused' },
    })
    const run = (await spare.backup('run')).event('summary')
    expect(run).toMatchObject({ outcome: 'done', files: 1 })
    expect(Number(run?.['bytesSent'])).toBeLessThan(100_000)
    const { events } = await spare.backup('points')
    const points = events.filter(({ event }) => event === 'point')
    expect(points.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(await spare.backup('verify')).toMatchObject({ code: 0 })
  })

  it('is not for who does not know the passphrase: no code is shown', async () => {
    const { vault, machine } = await machineWithPoint()
    const spare = bareMachine(vault.scratch, 'spare')
    writeFileSync(spare.passphraseFile, 'incorrect horse battery staple')
    const words = ['recover', '--takeover', '--vault-credentials', await vault.credential('laptop')]
    const ended = await spare.backup(...words, '--passphrase-file', spare.passphraseFile)
    expect(exitOf(ended)).toMatchObject({ code: 12, error: 'passphrase-wrong' })
    expect(ended.event('pin-required')).toBeUndefined()
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })
})

async function renewable() {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop')
  const state = openState(machine.state)
  const registration = await registrationOf(state)
  const { address, port, authorities } = registration
  const wishes = { state, vault: { address, port, authorities }, random: systemRandom }
  const oldKey = readFileSync(state.paths.machineKey, 'utf8')
  return { vault, machine, state, registration, wishes, oldKey }
}

const later = (vault: AgentVault, days: number): void => {
  vault.service.clock.add(days * dayMs)
}

describe('a certificate', () => {
  it('is followed by one with another key, also long after its end, but not for ever', async () => {
    const { vault, state, registration, wishes, oldKey } = await renewable()
    later(vault, 365 + 170)
    const renewed = await renewCertificate(registration, wishes)
    expect(renewed.certificate).not.toBe(registration.certificate)
    const key = readFileSync(state.paths.machineKey, 'utf8')
    expect(key).not.toBe(oldKey)
    expect(new X509Certificate(renewed.certificate).subject).toBe(
      new X509Certificate(registration.certificate).subject,
    )
    expect((await registrationOf(state)).certificate).toBe(renewed.certificate)
    expect(await state.renewal.load()).toBeUndefined()
    later(vault, 365 + 181)
    const late: unknown = await renewCertificate(renewed, wishes).catch((error: unknown) => error)
    expect(errorCodeOf(late)).toBe('certificate-expired')
  })

  it('that was answered and not written down is asked for again, and is the same', async () => {
    const { state, registration, wishes, oldKey } = await renewable()
    const broken = {
      ...state,
      renewal: {
        ...state.renewal,
        save: (value: { requestId: string; privateKey: string; certificate?: string }) =>
          value.certificate === undefined
            ? state.renewal.save(value)
            : Promise.reject(new Error('cut')),
      },
    }
    await expect(renewCertificate(registration, { ...wishes, state: broken })).rejects.toThrow(
      'cut',
    )
    expect(readFileSync(state.paths.machineKey, 'utf8')).toBe(oldKey)
    const waiting = await state.renewal.load()
    await renewCertificate(registration, wishes)
    expect(readFileSync(state.paths.machineKey, 'utf8')).toBe(waiting?.privateKey)
  })

  it('is followed once: the old key can not ask again, and is of no use beside the new one', async () => {
    const { machine, state, registration, wishes, oldKey } = await renewable()
    const renewed = await renewCertificate(registration, wishes)
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
    writeFileSync(state.paths.machineKey, oldKey)
    const copy: unknown = await renewCertificate(registration, wishes).catch((e: unknown) => e)
    expect(errorCodeOf(copy)).toBe('certificate-refused')
    expect(exitOf(await machine.backup('points'))).toMatchObject({
      ...{ code: 12, error: 'certificate-refused' },
      message: expect.stringContaining('key is another one') as string,
    })
    expect(renewed.machineId).toBe(registration.machineId)
  })
})
