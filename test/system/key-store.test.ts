/** The key in a real keyring: libsecret and gnome-keyring on a session bus. Nothing here stands in for keytar. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemRandom, toHex } from '../../src/base/bytes.ts'
import { osKeyStore } from '../../src/agent/keys/os-store.ts'
import { describeHoldingStore } from '../contract/key-store.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { bareMachine, exitOf, registerMachine } from '../support/commands.ts'
import { filesBelow } from '../support/file-snapshot.ts'
import { startKeyring, type Keyring } from '../support/keyring.ts'
import { scratchDirectory } from '../support/scratch.ts'

const program = [resolve(import.meta.dirname, '../../dist/agent/keys/os-child.js')]

describeHoldingStore('libsecret', async () => {
  const { env } = await startKeyring()
  const account = toHex(systemRandom(16))
  return { open: () => osKeyStore({ account, env, program }), key: systemRandom(32) }
})

async function machineIn(keyring: Keyring, ...words: string[]) {
  const vault = await startAgentVault()
  const machine = bareMachine(vault.scratch, 'laptop', { env: keyring.env })
  const registered = await registerMachine(machine, await vault.credential(), ...words)
  expect(registered, registered.stdout).toMatchObject({ code: 0 })
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'content')
  await machine.backup('policy', 'include', folder)
  /** The same machine in other surroundings. */
  const elsewhere = (env: Readonly<Record<string, string>>) =>
    bareMachine(vault.scratch, 'laptop', { env })
  return { vault, machine, elsewhere }
}

const withoutBus = { DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '/nonexistent' }

describe('a machine whose key is in the keyring', () => {
  it('backs up, keeps no key in its state directory, and is refused without the bus', async () => {
    const keyring = await startKeyring()
    const { machine, elsewhere } = await machineIn(keyring, '--key-store', 'os')
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect((await machine.backup('status')).event('status')).toMatchObject({ key: 'os' })
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)

    const refused = exitOf(await elsewhere(withoutBus).backup('run'))
    expect(refused).toMatchObject({ code: 12, error: 'key-unavailable' })
    expect(refused['hint']).toContain('key-store move')

    const cron = exitOf(await machine.backup('schedule', 'install', '--with', 'cron'))
    expect(cron).toMatchObject({ code: 12, error: 'key-unavailable' })
    expect(cron['message']).toContain('cron')
    expect(cron['hint']).toContain('backup key-store move file')
  })

  it('makes no other key where the keyring is locked: it says so, and takes the key up again', async () => {
    const home = scratchDirectory()
    const { machine, elsewhere } = await machineIn(await startKeyring(home), '--key-store', 'os')
    const before = filesBelow(machine.state)
    const locked = elsewhere((await startKeyring(home, 'another password')).env)
    expect(exitOf(await locked.backup('verify'))).toMatchObject({
      ...{ code: 12, error: 'key-unavailable' },
      message: expect.stringContaining('locked') as string,
    })
    expect(filesBelow(machine.state)).toEqual(before)
    const unlocked = elsewhere((await startKeyring(home)).env)
    expect(await unlocked.backup('run')).toMatchObject({ code: 0 })
  })

  it('gets its key back by the passphrase when the keyring has lost it', async () => {
    const { machine, elsewhere } = await machineIn(await startKeyring(), '--key-store', 'os')
    const empty = elsewhere((await startKeyring()).env)
    expect(await empty.backup('run')).toMatchObject({ code: 12 })
    const words = ['--passphrase-file', machine.passphraseFile]
    expect(await empty.backup('key-store', 'move', 'os', ...words)).toMatchObject({ code: 0 })
    expect(await empty.backup('run')).toMatchObject({ code: 0 })
  })

  it('moves the key to a file and back; the place that it left holds it no more', async () => {
    const keyring = await startKeyring()
    const { machine } = await machineIn(keyring, '--key-store', 'os')
    expect(await machine.backup('key-store', 'move', 'file')).toMatchObject({ code: 0 })
    const bus = exitOf(await machine.backup('key-store', 'show'))
    expect(bus).toMatchObject({ code: 0 })
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(await machine.backup('key-store', 'move', 'os')).toMatchObject({ code: 0 })
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
  })

  it('gives the master key up when it is hardened, and holds the keys of the epoch alone', async () => {
    const { env } = await startKeyring()
    const { machine } = await machineIn({ env }, '--key-store', 'os')
    const { keyStore } = JSON.parse(
      readFileSync(join(machine.state, 'registration.json'), 'utf8'),
    ) as { keyStore: { account: string } }
    const inKeyring = async () => {
      const store = osKeyStore({ account: keyStore.account, env, program })
      return Buffer.from((await store.load()).bytes)
    }
    const masterKey = await inKeyring()
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const words = ['harden', '--passphrase-file', machine.passphraseFile]
    expect(await machine.backup('key-store', ...words)).toMatchObject({ code: 0 })
    const hardened = await inKeyring()
    expect(await machine.backup('epoch', 'advance')).toMatchObject({ code: 0 })
    const later = await inKeyring()
    expect([masterKey.length, hardened.length, later.length]).toEqual([32, 236, 236])
    expect(hardened.includes(masterKey)).toBe(false)
    expect(later.includes(hardened.subarray(-64, -32))).toBe(false)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)
  })
})
