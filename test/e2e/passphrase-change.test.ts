/** The life of passphrases by the built commands: proven, changed with a PIN, added, removed, printed. */

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'

const other = 'another battery staple for horses'

async function machineAndVault() {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop')
  const otherFile = join(vault.scratch, 'other')
  writeFileSync(otherFile, other, { mode: 0o600 })
  return { vault, machine, otherFile }
}

/** The command, and again with the PIN for the code that it shows. */
async function allowed(vault: AgentVault, machine: CommandMachine, ...words: string[]) {
  const asked = await machine.backup(...words)
  expect(exitOf(asked), asked.stdout).toMatchObject({ code: 22, error: 'pin-required' })
  const { pin, details } = await pinFor(vault, asked)
  return { details, ended: await machine.backup(...words, '--pin', pin) }
}

const pinFor = (vault: AgentVault, asked: Ended) =>
  issuePin(vault.service.vault, String(asked.event('pin-required')?.['requestCode']))

async function recovers(vault: AgentVault, passphraseFile: string): Promise<number> {
  const spare = bareMachine(vault.scratch, 'spare')
  rmSync(spare.state, { recursive: true, force: true })
  const words = ['recover', '--vault-credentials', await vault.credential('laptop')]
  return Number(exitOf(await spare.backup(...words, '--passphrase-file', passphraseFile))['code'])
}

describe('a passphrase', () => {
  it('is changed without the old one: the new one recovers, the old one nothing', async () => {
    const { vault, machine, otherFile } = await machineAndVault()
    const words = ['passphrase', 'change', '--passphrase-file', otherFile]
    const asked = await machine.backup(...words)
    expect(exitOf(asked)).toMatchObject({ code: 22, error: 'pin-required' })
    // Until the PIN is there, the old one is the one that counts.
    const verify = ['passphrase', 'verify', '--passphrase-file']
    expect(await machine.backup(...verify, machine.passphraseFile)).toMatchObject({ code: 0 })
    expect(exitOf(await machine.backup(...verify, otherFile))).toMatchObject({ code: 12 })

    const { pin, details } = await pinFor(vault, asked)
    expect(details).toEqual(['adds: repository 0, slot 1', 'removes: slot 0'])
    const changed = await machine.backup(...words, '--pin', pin)
    expect(changed.event('key-slots-changed')).toMatchObject({ added: 1, removed: [0] })
    expect(existsSync(join(machine.state, 'slots.pending'))).toBe(false)
    expect((await machine.backup(...verify, otherFile)).event('passphrase-verified')).toMatchObject(
      { slot: 1 },
    )
    expect(exitOf(await machine.backup(...verify, machine.passphraseFile))).toMatchObject({
      ...{ code: 12, error: 'passphrase-wrong' },
    })
    expect(await recovers(vault, machine.passphraseFile)).toBe(12)
    expect(await recovers(vault, otherFile)).toBe(0)
    expect(await machine.backup('verify')).toMatchObject({ code: 0 })
  })

  it('can be one of several, and is taken away alone; the last one stays', async () => {
    const { vault, machine } = await machineAndVault()
    const made = join(vault.scratch, 'made')
    const words = ['passphrase', 'add', '--generate-passphrase', made]
    const asked = await machine.backup(...words)
    const { pin } = await pinFor(vault, asked)
    const added = await machine.backup('passphrase', 'add', '--pin', pin)
    expect(added.event('key-slots-changed')).toMatchObject({ added: 1, removed: [] })
    expect(await recovers(vault, made)).toBe(0)
    expect(await recovers(vault, machine.passphraseFile)).toBe(0)

    const removed = await allowed(vault, machine, 'passphrase', 'remove', '0')
    expect(removed.ended).toMatchObject({ code: 0 })
    const { events } = await machine.backup('passphrase', 'list')
    const slots = events.filter(({ event }) => event === 'key-slot')
    expect(slots).toMatchObject([{ slot: 1, isCopied: true }])
    expect(exitOf(await machine.backup('passphrase', 'remove', '1'))).toMatchObject({
      ...{ code: 2, error: 'usage' },
      message: expect.stringContaining('last') as string,
    })
    expect(await recovers(vault, machine.passphraseFile)).toBe(12)
  })

  it('is not changed by a PIN for another request, nor by one without a request', async () => {
    const { vault, machine, otherFile } = await machineAndVault()
    const words = ['passphrase', 'change', '--passphrase-file', otherFile]
    const none = await machine.backup(...words, '--pin', '12345678')
    expect(exitOf(none)).toMatchObject({ code: 2, error: 'usage' })
    const { pin } = await pinFor(vault, await machine.backup(...words))
    // Another slot, with another salt: not what the operator has seen.
    await machine.backup(...words)
    const refused = await machine.backup(...words, '--pin', pin)
    expect(exitOf(refused)).toMatchObject({ code: 22, error: 'pin-refused' })
    expect(await recovers(vault, machine.passphraseFile)).toBe(0)
  })

  it('that was made is checked for slips before it counts as a try', async () => {
    const { machine } = await machineAndVault()
    writeFileSync(machine.passphraseFile, '00000-00000-00000-00000-00000-07')
    const ended = exitOf(
      await machine.backup('passphrase', 'verify', '--passphrase-file', machine.passphraseFile),
    )
    expect(ended).toMatchObject({ code: 12, error: 'passphrase-wrong' })
    expect(ended['message']).toContain('copied with a mistake')
  })

  it('goes on a sheet to print when it is proven, and else leaves a place for it', async () => {
    const { vault, machine, otherFile } = await machineAndVault()
    const sheet = (name: string) => join(vault.scratch, name)
    const words = ['passphrase', 'sheet', '--out']
    expect(await machine.backup(...words, sheet('blank'))).toMatchObject({ code: 0 })
    expect(readFileSync(sheet('blank'), 'utf8')).toMatch(/laptop.*\n.*Fingerprint.*\n.*_{40}/)
    const proven = ['--html', '--passphrase-file', machine.passphraseFile]
    expect(await machine.backup(...words, sheet('page'), ...proven)).toMatchObject({ code: 0 })
    expect(statSync(sheet('page')).mode & 0o777).toBe(0o600)
    const page = readFileSync(sheet('page'), 'utf8')
    expect(page).toContain('correct horse battery staple')
    expect(page).toContain('<svg')
    const wrong = ['--passphrase-file', otherFile]
    expect(await machine.backup(...words, sheet('wrong'), ...wrong)).toMatchObject({ code: 12 })
    expect(existsSync(sheet('wrong'))).toBe(false)
    expect(await machine.backup(...words, sheet('blank'))).toMatchObject({ code: 1 })
  })
})
