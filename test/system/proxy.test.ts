/** A machine that reaches its vault only through a proxy which wants a user and a password: squid, as companies run it. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bareMachine,
  exitOf,
  registerMachine,
  serveDirectory,
  startCommandVault,
  type CommandMachine,
  type CommandVault,
} from '../support/commands.ts'
import { closedPort } from '../support/hostile-servers.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { startSquid, type Squid } from '../support/squid.ts'

const account = { user: 'ann', password: 'se:cret wörd' }
const dataBytes = 3_000_000
const done = { code: 0 }

interface Office {
  readonly vault: CommandVault
  readonly squid: Squid
  /** `user:password`, for the owner alone. */
  readonly credentials: string
  readonly data: string
}

async function openOffice(): Promise<Office> {
  const [vault, squid] = await Promise.all([startCommandVault(), startSquid(account)])
  const credentials = join(vault.scratch, 'proxy-credentials')
  writeFileSync(credentials, `${account.user}:${account.password}\n`, { mode: 0o600 })
  const data = join(vault.scratch, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'file'), pseudoRandomBytes('file', dataBytes))
  return { vault, squid, credentials, data }
}

const proxyWords = ({ squid, credentials }: Office) => [
  ...['--proxy', squid.url, '--proxy-credentials', credentials],
]

async function registered(
  office: Office,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandMachine> {
  const machine = bareMachine(office.vault.scratch, 'laptop', { env })
  const named = ['--name', 'laptop', ...words]
  const ended = await registerMachine(machine, await office.vault.credential(), ...named)
  expect(ended, ended.stdout).toMatchObject(done)
  expect(await machine.backup('policy', 'include', office.data)).toMatchObject(done)
  return machine
}

/** The latest point is the data, to the byte. */
async function expectRestored(machine: CommandMachine, { vault, data }: Office): Promise<void> {
  const out = join(vault.scratch, 'out')
  const ended = await machine.backup('restore', '--point', 'latest', '--to', out)
  expect(ended, ended.stdout).toMatchObject(done)
  expect(readFileSync(join(out, data, 'file')).equals(readFileSync(join(data, 'file')))).toBe(true)
}

/** What the proxy was asked for, each once. */
const askedFor = ({ squid }: Office): string[] => [
  ...new Set(squid.log().map(({ method, target, user }) => `${method} ${target} ${user}`)),
]

const through = ({ vault }: Office): string => `CONNECT 127.0.0.1:${vault.serving.port} ann`

describe('through a proxy', () => {
  it('a machine registers, backs up and restores, and the proxy sees only CONNECT', async () => {
    const office = await openOffice()
    const machine = await registered(office, proxyWords(office))
    expect(await machine.backup('run')).toMatchObject(done)
    await expectRestored(machine, office)
    expect(askedFor(office)).toEqual([through(office)])
    expect(new Set(office.squid.log().map(({ result }) => result))).toEqual(
      new Set(['TCP_TUNNEL/200']),
    )
    const passedBytes = office.squid.log().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    expect(passedBytes).toBeGreaterThan(dataBytes)

    await office.squid.stop()
    expect(exitOf(await machine.backup('points'))).toMatchObject({
      code: 20,
      error: 'unreachable',
      message: `The proxy ${new URL(office.squid.url).host} can not be reached: nothing listens there.`,
    })
  })

  it('a lost machine is recovered', async () => {
    const office = await openOffice()
    const machine = await registered(office, proxyWords(office))
    expect(await machine.backup('run')).toMatchObject(done)
    const credential = await office.vault.credential('--recover', 'laptop')
    const rescue = bareMachine(office.vault.scratch, 'rescue')
    const passphrase = ['--passphrase-file', machine.passphraseFile]
    expect(
      await rescue.backup(
        ...['recover', '--vault-credentials', credential],
        ...[...passphrase, ...proxyWords(office)],
      ),
    ).toMatchObject(done)
    await expectRestored(rescue, office)
    expect(askedFor(office)).toEqual([through(office)])
  })

  it('a run goes on when the vault behind it comes back', async () => {
    const office = await openOffice()
    const machine = await registered(office, proxyWords(office), { BACKUP_RETRY_SECONDS: '120' })
    const { directory, serving } = office.vault
    await serving.stop()
    const running = machine.start('run')
    await expect
      .poll(() => office.squid.log().map(({ result }) => result), { timeout: 30_000 })
      .toContain('NONE_NONE/503')
    await serveDirectory(directory, serving.port)
    expect(await running.result).toMatchObject(done)
  })

  it('it is told that the vault behind it does not answer', async () => {
    const office = await openOffice()
    const machine = await registered(office, proxyWords(office), { BACKUP_RETRY_SECONDS: '0' })
    await office.vault.serving.stop()
    expect(exitOf(await machine.backup('run'))).toMatchObject({
      code: 20,
      error: 'unreachable',
      message: expect.stringMatching(/^The proxy .* can not reach the vault at 127\.0/) as string,
      hint: expect.stringMatching(/vault is running/) as string,
    })
  })
})

describe('a proxy that does not know who asks', () => {
  const refused = { code: 20, name: 'unreachable', error: 'proxy-refused' }
  const told = (message: RegExp, hint: RegExp) => ({
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
  })

  it('is said at registration, with what helps, and nothing is registered', async () => {
    const office = await openOffice()
    const { vault, squid, credentials } = office
    const machine = bareMachine(vault.scratch, 'laptop')
    const credential = await vault.credential()
    const register = (...words: string[]) =>
      registerMachine(machine, credential, '--proxy', squid.url, ...words)

    expect(exitOf(await register())).toMatchObject({
      ...refused,
      ...told(/wants a user name and password/, /--proxy-credentials/),
    })
    writeFileSync(credentials, 'ann:wrong\n')
    expect(exitOf(await register('--proxy-credentials', credentials))).toMatchObject({
      ...refused,
      ...told(/wants another user name and password/, /Correct user:password/),
    })
    chmodSync(credentials, 0o644)
    expect(exitOf(await register('--proxy-credentials', credentials))).toMatchObject({
      code: 12,
      error: 'file-permissions',
      hint: `Run: chmod 600 ${credentials}`,
    })
    expect(existsSync(join(machine.state, 'registration.json'))).toBe(false)
    expect(squid.log().map(({ result }) => result)).not.toContain('TCP_TUNNEL/200')
  })

  it('is said later as well, until the password in the file is right again', async () => {
    const office = await openOffice()
    const machine = await registered(office, proxyWords(office), { BACKUP_RETRY_SECONDS: '600' })
    writeFileSync(office.credentials, 'ann:old\n')
    expect(exitOf(await machine.backup('run'))).toMatchObject({
      ...refused,
      ...told(/wants another user name and password/, /Correct user:password/),
    })
    writeFileSync(office.credentials, `${account.user}:${account.password}`)
    expect(await machine.backup('run')).toMatchObject(done)
  })
})

describe('the environment', () => {
  it('names the proxy and its credentials by HTTPS_PROXY, for this command alone', async () => {
    const office = await openOffice()
    const { squid, credentials } = office
    const env = { HTTPS_PROXY: squid.url, BACKUP_PROXY_CREDENTIALS_FILE: credentials }
    const machine = await registered(office, [], env)
    expect(askedFor(office)).toEqual([through(office)])
    const before = squid.log().length
    const elsewhere = bareMachine(office.vault.scratch, 'laptop')
    expect(await elsewhere.backup('points')).toMatchObject(done)
    expect(squid.log()).toHaveLength(before)
    expect(await machine.backup('points')).toMatchObject(done)
    expect(squid.log().length).toBeGreaterThan(before)
  })

  it('may hold user and password in HTTPS_PROXY itself', async () => {
    const office = await openOffice()
    const url = new URL(office.squid.url)
    url.username = account.user
    url.password = encodeURIComponent(account.password)
    await registered(office, [], { HTTPS_PROXY: url.href })
    expect(askedFor(office)).toEqual([through(office)])
  })

  it('keeps vaults of NO_PROXY from the proxy, unless --proxy asks for it', async () => {
    const office = await openOffice()
    const closed = `http://127.0.0.1:${await closedPort()}`
    const env = { HTTPS_PROXY: closed, NO_PROXY: 'intranet.example,127.0.0.0/8' }
    const machine = await registered(office, [], env)
    expect(await machine.backup('run')).toMatchObject(done)
    expect(office.squid.log()).toEqual([])

    const asked = ['--replace', '--name', 'desktop', ...proxyWords(office)]
    const again = await registerMachine(machine, await office.vault.credential(), ...asked)
    expect(again, again.stdout).toMatchObject(done)
    expect(askedFor(office)).toEqual([through(office)])
  })

  it('is not followed to a proxy that is not there without naming it', async () => {
    const office = await openOffice()
    const port = await closedPort()
    const env = { HTTPS_PROXY: `http://127.0.0.1:${port}`, BACKUP_RETRY_SECONDS: '0' }
    const machine = bareMachine(office.vault.scratch, 'laptop', { env })
    const ended = await registerMachine(machine, await office.vault.credential())
    expect(exitOf(ended)).toMatchObject({
      code: 20,
      error: 'unreachable',
      message: `The proxy 127.0.0.1:${port} can not be reached: nothing listens there.`,
    })
  })
})
