/** Where the key of a machine lies, by the built commands. The keyring of a desktop is in test/system. */

import { armor, Decrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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

const keyIn = (machine: { readonly state: string }) =>
  readFileSync(join(machine.state, 'master.key'), 'ascii').trim()

/** In any file of the state directory, as bytes or as text. */
function isFound(state: string, keyHex: string): boolean {
  const key = Buffer.from(keyHex, 'hex')
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    .some(
      (bytes) => bytes.includes(key) || bytes.includes(keyHex) || bytes.includes(testPassphrase),
    )
}

async function machineWithSource(...words: string[]) {
  const vault = await startAgentVault()
  const machine = bareMachine(vault.scratch, 'laptop')
  const registered = await registerMachine(machine, await vault.credential(), ...words)
  expect(registered, registered.stdout).toMatchObject({ code: 0 })
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'content')
  await machine.backup('policy', 'include', folder)
  return { vault, machine }
}

describe('a machine that keeps no key', () => {
  it('asks for the passphrase each time, and says how to do without a terminal', async () => {
    const { vault, machine } = await machineWithSource('--key-store', 'none')
    const refused = exitOf(await machine.backup('run'))
    expect(refused).toMatchObject({ code: 12, error: 'key-unavailable' })
    expect(refused['hint']).toContain('BACKUP_PASSPHRASE_FILE')
    const scheduled = exitOf(await machine.backup('schedule', 'install', '--with', 'cron'))
    expect(scheduled).toMatchObject({ code: 12, error: 'key-unavailable' })
    expect(scheduled['hint']).toContain('--unlock-file')

    const env = { BACKUP_PASSPHRASE_FILE: machine.passphraseFile }
    const unlocked = bareMachine(vault.scratch, 'laptop', { env })
    expect(await unlocked.backup('run')).toMatchObject({ code: 0 })
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)

    expect(await unlocked.backup('key-store', 'move', 'file')).toMatchObject({ code: 0 })
    const key = keyIn(machine)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    const words = ['move', 'none', '--unlock-file', machine.passphraseFile]
    expect(await machine.backup('key-store', ...words)).toMatchObject({ code: 0 })
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(isFound(machine.state, key)).toBe(false)
    const handed = ['move', 'none', '--systemd-credential', machine.passphraseFile]
    expect(await unlocked.backup('key-store', ...handed)).toMatchObject({ code: 0 })
    const install = ['schedule', 'install', '--dry-run', '--with']
    expect((await machine.backup(...install, 'daemon')).stdout).toContain(
      `LoadCredential=backup-passphrase:${machine.passphraseFile}`,
    )
    expect(exitOf(await machine.backup(...install, 'cron'))).toMatchObject({ code: 12 })
    const status = (await machine.backup('status')).event('status')
    expect(status).toMatchObject({ key: 'none', keyPlace: 'nowhere on this machine' })
  }, 180_000)

  it('takes the passphrase from a credential of systemd', async () => {
    const { vault } = await machineWithSource('--key-store', 'none')
    const directory = join(vault.scratch, 'credentials')
    mkdirSync(directory)
    writeFileSync(join(directory, 'backup-passphrase'), testPassphrase, { mode: 0o600 })
    const unit = bareMachine(vault.scratch, 'laptop', { env: { CREDENTIALS_DIRECTORY: directory } })
    expect(await unit.backup('run')).toMatchObject({ code: 0 })
    writeFileSync(join(directory, 'backup-passphrase'), `another ${testPassphrase}`)
    expect(exitOf(await unit.backup('verify'))).toMatchObject({
      code: 12,
      error: 'passphrase-wrong',
    })
  })
})

describe('a key in a file', () => {
  it('is said to be there, opens, and is refused when others can read it', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const file = join(machine.state, 'master.key')
    const shown = await machine.backup('key-store', 'show')
    expect(shown.event('key-store')).toMatchObject({ store: 'file', place: `the file ${file}` })
    expect(shown.event('key-opened')).toBeDefined()
    chmodSync(file, 0o644)
    expect(exitOf(await machine.backup('key-store', 'show'))).toMatchObject({
      ...{ code: 12, error: 'file-permissions' },
      hint: expect.stringContaining('chmod 600') as string,
    })
  })

  it('that was lost or damaged comes back from the key slot, by the passphrase', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const key = keyIn(machine)
    writeFileSync(join(machine.state, 'master.key'), 'no key')
    const refused = exitOf(await machine.backup('verify'))
    expect(refused).toMatchObject({ code: 1, error: 'state-damaged' })
    expect(refused['hint']).toContain('backup key-store move file')
    const words = ['move', 'file', '--passphrase-file', machine.passphraseFile]
    expect(await machine.backup('key-store', ...words)).toMatchObject({ code: 0 })
    expect(keyIn(machine)).toBe(key)
  })

  it('goes to a safe, for one recipient alone, and comes back from there', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const key = keyIn(machine)
    const identity = await generateIdentity()
    const out = join(vault.scratch, 'escrow.age')
    const words = ['escrow', '--out', out, '--recipient']
    const recipient = await identityToRecipient(identity)
    expect(await machine.backup('key-store', ...words, recipient)).toMatchObject({ code: 0 })
    expect(exitOf(await machine.backup('key-store', ...words, 'age1nobody'))).toMatchObject({
      code: 2,
    })
    const sealed = readFileSync(out, 'utf8')
    expect(sealed).not.toContain(key)
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    const text = await decrypter.decrypt(armor.decode(sealed), 'text')
    expect(text).toContain(`key: ${key}`)

    rmSync(join(machine.state, 'master.key'))
    const back = join(vault.scratch, 'decrypted')
    const move = ['key-store', 'move', 'file', '--escrow-file', back]
    writeFileSync(back, text.replace(key, 'ab'.repeat(32)), { mode: 0o600 })
    expect(exitOf(await machine.backup(...move))).toMatchObject({ code: 2, error: 'usage' })
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)
    writeFileSync(back, text)
    expect(await machine.backup(...move)).toMatchObject({ code: 0 })
    expect(keyIn(machine)).toBe(key)
    expect(await machine.backup('verify')).toMatchObject({ code: 0 })
  })

  it('stays where it is when the store that is wanted does not work', async () => {
    const vault = await startAgentVault()
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent', DISPLAY: '' }
    const machine = await registeredMachine(vault, 'laptop', { env })
    const key = keyIn(machine)
    if (process.platform !== 'linux') return
    const moved = exitOf(await machine.backup('key-store', 'move', 'os'))
    expect(moved).toMatchObject({ code: 12, error: 'key-unavailable' })
    expect(keyIn(machine)).toBe(key)
    expect(await machine.backup('verify')).toMatchObject({ code: 0 })
  })
})
