/** Credential files that are not good: each is told apart, with what helps, and the machine's state stays as it was. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../src/base/clock.ts'
import { revokeCredentials } from '../../src/vault/enrolment/issue-credential.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import { bareMachine, exitOf, registeredMachine, registerMachine } from '../support/commands.ts'
import { filesBelow } from '../support/file-snapshot.ts'

/** Changes the file as an editor would. */
function edited(file: string, change: (text: string) => string | Uint8Array): string {
  writeFileSync(file, change(readFileSync(file, 'utf8')))
  return file
}

interface CredentialFile {
  readonly payload: string
  readonly signature: string
}

function withPayload(text: string, change: (payload: string) => string): string {
  const { payload, signature } = JSON.parse(text) as CredentialFile
  const changed = change(Buffer.from(payload, 'base64url').toString())
  return JSON.stringify({ payload: Buffer.from(changed).toString('base64url'), signature })
}

type Make = (vault: AgentVault) => Promise<string>

const issuedLongAgo: Make = async (vault) => {
  vault.service.clock.add(-3 * dayMs)
  return vault.credential()
}

const issuedForRecovery: Make = async (vault) => {
  await registeredMachine(vault, 'lost')
  return vault.credential('lost')
}

const directory: Make = ({ scratch }) => {
  const path = join(scratch, 'a-directory')
  mkdirSync(path)
  return Promise.resolve(path)
}

const changed =
  (change: (text: string) => string | Uint8Array): Make =>
  async (vault) =>
    edited(await vault.credential(), change)

/** What the agent sees by itself. */
const refusedHere: readonly (readonly [string, Make, string, RegExp])[] = [
  ['is too old', issuedLongAgo, 'credential-expired', /expired at/],
  [
    'was edited',
    changed((text) => withPayload(text, (payload) => payload.replace('127.0.0.1', '127.0.0.2'))),
    'credential-altered',
    /changed after the vault had signed it/,
  ],
  [
    'holds something else where the vault wrote',
    changed((text) => withPayload(text, (payload) => payload.replace('"register"', '"destroy"'))),
    'credential-malformed',
    /edited or damaged/,
  ],
  [
    'was cut off',
    changed((text) => text.slice(0, text.length / 2)),
    'credential-malformed',
    /cut off/,
  ],
  ['is of another type', changed(() => '{"a": 1}'), 'credential-malformed', /another type/],
  ['is not text', changed(() => Buffer.from([0xff, 0xfe])), 'credential-malformed', /no such file/],
  ['is for recovery', issuedForRecovery, 'credential-purpose', /for recovering a machine/],
  ['is huge', changed(() => Buffer.alloc(1 << 20)), 'credential-malformed', /1048576 bytes/],
  ['is a directory', directory, 'credential-malformed', /is a directory/],
]

const superseded: Make = async (vault) => {
  const older = await vault.credential()
  await vault.credential()
  return older
}

const revoked: Make = async (vault) => {
  const file = await vault.credential()
  await revokeCredentials(vault.service.vault, vault.service.vaultId)
  return file
}

const tooOldForTheVault: Make = async (vault) => {
  const file = await vault.credential()
  vault.service.clock.add(49 * hourMs)
  return file
}

/** What only the vault knows. */
const refusedThere: readonly (readonly [string, Make, string, RegExp])[] = [
  ['is not the newest', superseded, 'credential-superseded', /not the newest/],
  ['was revoked', revoked, 'credential-revoked', /revoked/],
  ["is too old by the vault's clock", tooOldForTheVault, 'credential-expired', /48 hours/],
]

describe('a credential file', () => {
  it.each([...refusedHere, ...refusedThere])(
    'that %s is refused, and leaves nothing on a new machine',
    async (_, make, error, message) => {
      const vault = await startAgentVault()
      const file = await make(vault)
      const machine = bareMachine(vault.scratch, 'bare')
      const passphrase = join(vault.scratch, 'new-passphrase')
      const words = ['--vault-credentials', file, '--generate-passphrase', passphrase]
      expect(exitOf(await machine.backup('register', ...words))).toEqual({
        event: 'exit',
        code: 12,
        name: 'refused-credential',
        error,
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(/\w/) as string,
      })
      expect(filesBelow(machine.state)).toEqual({})
      expect(filesBelow(vault.scratch)).not.toHaveProperty('new-passphrase')
    },
  )

  it.each(refusedThere)(
    'that %s does not end a registration that it was to replace',
    async (_, make, error) => {
      const vault = await startAgentVault()
      const machine = await registeredMachine(vault)
      const before = filesBelow(machine.state)
      const again = await registerMachine(machine, await make(vault), '--replace')
      expect(exitOf(again)).toMatchObject({ code: 12, error })
      expect(filesBelow(machine.state)).toEqual(before)
      expect(await machine.backup('points')).toMatchObject({ code: 0 })
    },
  )

  it('that is not there is no credential that was refused', async () => {
    const machine = bareMachine((await startAgentVault()).scratch, 'bare')
    const ended = await registerMachine(machine, '/nonexistent/credential')
    expect(exitOf(ended)).toMatchObject({ code: 1, error: 'file-unreadable' })
    expect(exitOf(ended)['hint']).toMatch(/operator/)
  })

  it('that others can read is taken with a warning that says how to close it', async () => {
    const vault = await startAgentVault()
    const file = await vault.credential()
    chmodSync(file, 0o644)
    const ended = await registerMachine(bareMachine(vault.scratch, 'open'), file)
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.event('warning')?.['message']).toContain(`chmod 600 ${file}`)
  })

  it('for registration does not recover', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'bare')
    const ended = await machine.backup(
      ...['recover', '--vault-credentials', await vault.credential()],
      ...['--passphrase-file', machine.passphraseFile],
    )
    expect(exitOf(ended)).toMatchObject({ code: 12, error: 'credential-purpose' })
    expect(exitOf(ended)['hint']).toContain('--recover MACHINE')
    expect(filesBelow(machine.state)).toEqual({})
  })
})
