/** Passphrases that are refused before anything is sealed under them, and secret files that others can read. */

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  testPassphrase,
} from '../support/commands.ts'
import { filesBelow } from '../support/file-snapshot.ts'

/** A machine with that in its passphrase file, and a vault to register with. */
async function machineWith(content: string | Uint8Array) {
  const vault = await startAgentVault()
  const machine = bareMachine(vault.scratch, 'laptop')
  writeFileSync(machine.passphraseFile, content)
  return {
    vault,
    machine,
    register: async () => registerMachine(machine, await vault.credential()),
  }
}

const weak: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['has 15 characters', 'fifteen letters\n', /shorter than 16 characters/],
  ['has 15 characters of two bytes each', 'ä'.repeat(15), /shorter than 16 characters/],
  ['is empty', '', /shorter than 16 characters/],
  ['holds a tabulator', 'correct horse\tbattery staple', /control character/],
  ['holds a NUL', 'correct horse\0battery staple', /control character/],
  ['goes over two lines', 'correct horse\nbattery staple\n', /control character/],
  ['ends in two line breaks', `${testPassphrase}\n\n`, /control character/],
  ['is not UTF-8', Buffer.from('correct horse battery st\u00e4ple', 'latin1'), /not UTF-8/],
]

describe('a passphrase', () => {
  it.each(weak)('that %s is refused, and nothing is registered', async (_, content, message) => {
    const { machine, register } = await machineWith(content)
    expect(exitOf(await register())).toMatchObject({
      code: 12,
      error: 'passphrase-weak',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/\w/) as string,
    })
    expect(filesBelow(machine.state)).toEqual({})
  })

  it('of 16 characters is enough, whatever line break ends its file', async () => {
    const { machine, register } = await machineWith('sixteen letters!\r\n')
    expect(await register()).toMatchObject({ code: 0 })
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })

  it('is asked for nowhere but on a terminal', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    const file = await vault.credential()
    const ended = await machine.backup('register', '--vault-credentials', file)
    expect(exitOf(ended)).toMatchObject({ code: 2, error: 'usage' })
    expect(exitOf(ended)['hint']).toContain('--generate-passphrase')
  })

  it('is made, and written down for its owner alone', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    const made = join(vault.scratch, 'made')
    const words = ['register', '--name', 'laptop', '--generate-passphrase', made]
    const ended = await machine.backup(...words, '--vault-credentials', await vault.credential())
    expect(ended).toMatchObject({ code: 0 })
    expect(statSync(made).mode & 0o777).toBe(0o600)
    const passphrase = readFileSync(made, 'utf8').trim()
    expect(passphrase).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{2}$/)
    expect(ended.stdout + ended.stderr).not.toContain(passphrase)
    const recovered = await bareMachine(vault.scratch, 'spare').backup(
      ...['recover', '--vault-credentials', await vault.credential('laptop')],
      ...['--passphrase-file', made],
    )
    expect(recovered).toMatchObject({ code: 0 })
  })

  it('that was written down before is not overwritten, and nothing is registered', async () => {
    const { vault, machine } = await machineWith(testPassphrase)
    const words = ['register', '--generate-passphrase', machine.passphraseFile]
    const ended = await machine.backup(...words, '--vault-credentials', await vault.credential())
    expect(exitOf(ended)).toMatchObject({ code: 1, error: 'already-exists' })
    expect(exitOf(ended)['hint']).toContain('--passphrase-file')
    expect(readFileSync(machine.passphraseFile, 'utf8')).toBe(testPassphrase)
    expect(filesBelow(machine.state)).toEqual({})
  })

  it('can not be given and made at once', async () => {
    const { vault, machine } = await machineWith(testPassphrase)
    const made = join(vault.scratch, 'made')
    const file = await vault.credential()
    const ended = await registerMachine(machine, file, '--generate-passphrase', made)
    expect(exitOf(ended)).toMatchObject({ code: 2, error: 'usage' })
  })
})

describe('a file that others can read', () => {
  it.each(['644', '640', '604', '620'])('is no passphrase file, with mode %s', async (mode) => {
    const { machine, register } = await machineWith(testPassphrase)
    chmodSync(machine.passphraseFile, Number.parseInt(mode, 8))
    expect(exitOf(await register())).toMatchObject({
      code: 12,
      error: 'file-permissions',
      hint: `Run: chmod 600 ${machine.passphraseFile}`,
    })
    expect(filesBelow(machine.state)).toEqual({})
  })

  it.each(['master.key', 'machine.key'])('is not taken for the key in %s', async (name) => {
    const machine = await registeredMachine(await startAgentVault())
    const path = join(machine.state, name)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o644)
    expect(exitOf(await machine.backup('points'))).toMatchObject({
      code: 12,
      error: 'file-permissions',
      hint: `Run: chmod 600 ${path}`,
    })
    chmodSync(path, 0o600)
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })
})
