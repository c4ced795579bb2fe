/** The built command `backup-vault`, as people and scripts use it. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseCredentialFile } from '../../src/model/credential.ts'
import { ask, enrolMachine, makeMachineKey, openApi } from '../support/enrol-client.ts'
import { scratchDirectory } from '../support/scratch.ts'

const program = resolve(import.meta.dirname, '../../bin/backup-vault.js')

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** With `--json`: the lines. */
  readonly events: readonly unknown[]
}

async function run(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  const code = child.exitCode ?? ((await once(child, 'close')) as [number | null])[0]
  const events: unknown[] = words.includes('--json')
    ? stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    : []
  return { code, stdout, stderr, events }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const part of stream) text += String(part)
  return text
}

/** A service that was made with `init`, in a scratch directory. */
async function initialized() {
  const scratch = scratchDirectory()
  const directory = join(scratch, 'vault')
  const vault = (...words: string[]) => run(['--dir', directory, '--json', ...words])
  expect(await vault('init', '--address', 'localhost:9')).toMatchObject({ code: 0 })
  return { scratch, directory, vault }
}

async function startServing(directory: string) {
  const words = [
    program,
    'serve',
    '--dir',
    directory,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--json',
  ]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const log = textOf(child.stderr)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = (await lines.next()).value as string
  const { event, port } = JSON.parse(first) as { event: string; port: number }
  expect(event).toBe('listening')
  return { child, port, lines, log }
}

async function ended(child: ChildProcess): Promise<number | null> {
  return child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0]
}

describe('backup-vault', () => {
  it('makes a service and vaults, and hands a credential to nobody but its owner', async () => {
    const { scratch, vault } = await initialized()
    expect(await vault('vault', 'create', 'home')).toMatchObject({ code: 0 })
    const listed = await vault('vault', 'list')
    expect(listed.events).toMatchObject([
      { event: 'vault', name: 'home', activeMachines: 0 },
      { event: 'exit', code: 0, name: 'done' },
    ])
    const file = join(scratch, 'home.vaultcred')
    const issued = await vault('credentials', 'home', '--out', file)
    expect(issued.events).toMatchObject([{ event: 'credential', serial: 1 }, { event: 'exit' }])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { credential } = parseCredentialFile(readFileSync(file))
    expect(credential).toMatchObject({ purpose: 'register', vaultName: 'home', port: 9 })

    const again = await vault('credentials', 'home', '--out', file)
    expect(again.events).toMatchObject([{ event: 'exit', code: 1, error: 'already-exists' }])
    expect(parseCredentialFile(readFileSync(file)).credential.serial).toBe(1)
    expect(await vault('credentials', 'home', '--out', file, '--force')).toMatchObject({ code: 0 })
    expect(parseCredentialFile(readFileSync(file)).credential.serial).toBe(2)
  })

  it('serves while other commands work beside it, and stops on SIGTERM', async () => {
    const { scratch, directory, vault } = await initialized()
    const { child, port, lines, log } = await startServing(directory)
    await vault('vault', 'set-address', `127.0.0.1:${port}`)
    await vault('vault', 'create', 'home')
    const file = join(scratch, 'home.vaultcred')
    await vault('credentials', 'home', '--out', file)
    const { credential } = parseCredentialFile(readFileSync(file))

    const key = await makeMachineKey()
    const { body } = await enrolMachine(credential, 'laptop', { key })
    const certificate = body.certificate
    const api = await openApi(credential, { key, certificate })
    expect(await ask(api, '/v1/service')).toMatchObject({ status: 200 })
    const { events } = await vault('machines', 'list', 'home')
    expect(events[0]).toMatchObject({
      event: 'machine',
      name: 'laptop',
      state: 'active',
      points: 0,
    })

    expect(await vault('rebuild-catalog')).toMatchObject({ code: 0 })
    expect(await ask(api, '/v1/service')).toMatchObject({ status: 200 })
    expect(await vault('machines', 'revoke', 'laptop')).toMatchObject({ code: 0 })
    expect(await ask(api, '/v1/service')).toMatchObject({ status: 403 })

    const id = body.machineId
    expect(await vault('machines', 'delete', id.slice(0, 8))).toMatchObject({ code: 2 })
    const confirmed = ['machines', 'delete', id.slice(0, 8), '--confirm', 'laptop']
    expect(await vault(...confirmed)).toMatchObject({ code: 0 })
    expect(await vault('status')).toMatchObject({ code: 0 })

    child.kill('SIGTERM')
    expect(await ended(child)).toBe(0)
    const last: unknown = JSON.parse((await lines.next()).value as string)
    expect(last).toMatchObject({ event: 'exit', code: 0 })
    for (const line of (await log).trimEnd().split('\n')) {
      expect(JSON.parse(line)).toHaveProperty('event')
      expect(line).not.toContain('laptop')
    }
  })

  it('answers curl on its one port: a page, a refusal, and a word to plain HTTP', async () => {
    const { directory } = await initialized()
    const { port } = await startServing(directory)
    const { serviceId } = JSON.parse(readFileSync(join(directory, 'authority.json'), 'utf8')) as {
      serviceId: string
    }
    const curl = async (name: string, scheme = 'https') => {
      const words = [
        '-sk',
        '--resolve',
        `${name}:${port}:127.0.0.1`,
        `${scheme}://${name}:${port}/`,
      ]
      const child = spawn('curl', words, { stdio: ['ignore', 'pipe', 'ignore'] })
      const text = await textOf(child.stdout)
      return { text, code: await ended(child) }
    }
    expect((await curl('vault.example')).text).toContain('This is a backup vault')
    expect((await curl(`enrol.${serviceId}.backup.internal`)).text).toContain('not-found')
    expect((await curl(`api.${serviceId}.backup.internal`)).code).not.toBe(0)
    expect((await curl('vault.example', 'http')).text).toContain('HTTPS only')
  })

  it('says wrong usage as JSON too, with exit status 2', async () => {
    for (const words of [
      ['nonsense'],
      ['vault', 'create'],
      ['serve', '--port', '70000'],
      ['init'],
      ['init', '--address', 'a:b:c'],
      ['credentials', 'home'],
      ['credentials', 'home', '--unknown'],
    ]) {
      const directory = join(scratchDirectory(), 'none')
      const { code, events } = await run([...words, '--json', '--dir', directory])
      expect({ words, code }).toEqual({ words, code: 2 })
      expect(events.at(-1)).toMatchObject({ event: 'exit', code: 2, name: 'usage' })
    }
    expect(await run(['--help'])).toMatchObject({ code: 0 })
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('says what is wrong with a directory, and what helps', async () => {
    const nothing = await run(['status', '--dir', join(scratchDirectory(), 'none'), '--json'])
    const hint = expect.stringContaining('backup-vault init') as string
    expect(nothing.events).toMatchObject([{ event: 'exit', code: 1, error: 'not-found', hint }])

    const { directory, vault } = await initialized()
    expect(await vault('init', '--address', 'localhost')).toMatchObject({
      code: 1,
      events: [{ event: 'exit', error: 'already-exists' }],
    })
    chmodSync(join(directory, 'authority.json'), 0o640)
    const open = await vault('status')
    const chmod = expect.stringContaining('chmod 600') as string
    expect(open).toMatchObject({ code: 12, events: [{ error: 'file-permissions', hint: chmod }] })
  })

  it('brings a service back from its identity file, on another machine too', async () => {
    const scratch = scratchDirectory()
    const passphrase = join(scratch, 'passphrase')
    const identity = join(scratch, 'identity')
    writeFileSync(passphrase, 'a passphrase of some length\n', { mode: 0o600 })
    const at = (name: string, ...words: string[]) =>
      run([...words, '--dir', join(scratch, name), '--json'])
    const made = await at(
      'one',
      'init',
      '--address',
      'a.example',
      '--identity-out',
      identity,
      '--passphrase-file',
      passphrase,
    )
    expect(made.code).toBe(0)
    expect(statSync(identity).mode & 0o777).toBe(0o600)
    const exported = join(scratch, 'exported')
    const options = ['--identity-out', exported, '--passphrase-file', passphrase]
    expect(await at('one', 'init', ...options)).toMatchObject({ code: 0 })
    const back = await at('two', 'init', '--from', exported, '--passphrase-file', passphrase)
    expect(back.code).toBe(0)
    const file = (name: string) => readFileSync(join(scratch, name, 'authority.json'), 'utf8')
    expect(file('two')).toBe(file('one'))

    writeFileSync(passphrase, 'another passphrase of length\n')
    const wrong = await at('three', 'init', '--from', identity, '--passphrase-file', passphrase)
    expect(wrong).toMatchObject({ code: 12, events: [{ error: 'passphrase-wrong' }] })
    chmodSync(passphrase, 0o644)
    const seen = await at('three', 'init', '--from', identity, '--passphrase-file', passphrase)
    expect(seen).toMatchObject({ code: 12, events: [{ error: 'file-permissions' }] })
  })

  it('does not mind a reader that stops reading', async () => {
    const { directory, vault } = await initialized()
    await vault('vault', 'create', 'home')
    const child = spawn(process.execPath, [program, 'vault', 'list', '--dir', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    expect(await textOf(child.stderr)).toBe('')
    expect(await ended(child)).toBe(0)
  })
})
