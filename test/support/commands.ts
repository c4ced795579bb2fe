/** The built commands, as people and scripts use them: real processes, a real vault on loopback. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'
import { scratchDirectory } from './scratch.ts'

export type ProgramName = 'backup' | 'backup-vault'

const programPath = (name: ProgramName): string =>
  resolve(import.meta.dirname, '../../bin', `${name}.js`)

/** A line of `--json`. */
export type Event = Readonly<Record<string, unknown>> & { readonly event: string }

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** With `--json`: the lines. */
  readonly events: readonly Event[]
  /** The first line of that kind. */
  event(kind: string): Event | undefined
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What the command reads from its standard input. */
  readonly input?: string
  /** If this is root: without root's right to read everything. */
  readonly unprivileged?: boolean
  /** As the user `nobody`; this has to be root. */
  readonly asNobody?: boolean
}

const isRoot = process.getuid?.() === 0

/** Whether `unprivileged` has an effect. */
export const canBeUnprivileged = !isRoot || existsSync('/usr/bin/setpriv')

const withoutReadingAll = ['/usr/bin/setpriv', '--bounding-set=-dac_override,-dac_read_search']
/** Where the program lies in a closed directory, as root's home, with the right to read all. */
function likeNobody(program: string): readonly string[] {
  const words = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const isReached = spawnSync('/usr/bin/setpriv', [...words, 'test', '-r', program]).status === 0
  const reading = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  return ['/usr/bin/setpriv', ...words, ...(isReached ? [] : reading)]
}

/** Starts a command; ended with the test, if it has not ended before. */
export function start(
  name: ProgramName,
  words: readonly string[],
  { env, cwd, input, unprivileged = false, asNobody = false }: Surroundings = {},
): ChildProcess & { readonly result: Promise<Ended> } {
  const path = programPath(name)
  const before = asNobody ? likeNobody(path) : isRoot && unprivileged ? withoutReadingAll : []
  const [program = '', ...rest] = [...before, process.execPath, path, ...words]
  const child = spawn(program, rest, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin?.end(input)
  return Object.assign(child, { result: endOf(child) })
}

/** Runs a command to its end. */
export const run = (
  name: ProgramName,
  words: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ended> => start(name, words, surroundings).result

async function endOf(child: ChildProcess): Promise<Ended> {
  const closed = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    closed,
  ])
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event)
  return { code, stdout, stderr, events, event: (kind) => events.find((e) => e.event === kind) }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const part of stream ?? []) text += String(part)
  return text
}

export interface ServingVault {
  readonly child: ChildProcess
  readonly port: number
  /** Ends it, cleanly unless a signal says otherwise, and waits for its end; its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `backup-vault serve` on what is in the directory. */
export async function serveDirectory(directory: string, port = 0): Promise<ServingVault> {
  const words = ['serve', '--dir', directory, '--host', '127.0.0.1', '--port', String(port)]
  const child = spawn(process.execPath, [programPath('backup-vault'), ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'exit') as Promise<[number | null]>
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = (await lines.next()) as { value?: string }
  const said = JSON.parse(first.value ?? '{}') as { event?: string; port?: number }
  expect(said.event).toBe('listening')
  return {
    child,
    port: said.port ?? 0,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      return (await closed)[0]
    },
  }
}

export interface CommandVault {
  readonly scratch: string
  readonly directory: string
  readonly serving: ServingVault
  /** `backup-vault … --json` on this vault's directory. */
  vault(...words: string[]): Promise<Ended>
  /** Writes a credential file; its path. */
  credential(...words: string[]): Promise<string>
}

/** A service with one vault, `home`, that is being served. */
export async function startCommandVault(): Promise<CommandVault> {
  const scratch = scratchDirectory()
  const directory = join(scratch, 'vault')
  const vault = async (...words: string[]) =>
    run('backup-vault', ['--dir', directory, '--json', ...words])
  expect(await vault('init', '--address', 'localhost:9')).toMatchObject({ code: 0 })
  const serving = await serveDirectory(directory)
  await vault('vault', 'set-address', `127.0.0.1:${serving.port}`)
  await vault('vault', 'create', 'home')
  let issued = 0
  return {
    ...{ scratch, directory, serving, vault },
    credential: async (...words) => {
      const file = join(scratch, `credential-${issued++}`)
      expect(await vault('credentials', 'home', '--out', file, ...words)).toMatchObject({ code: 0 })
      return file
    },
  }
}

export const testPassphrase = 'correct horse battery staple'

export interface CommandMachine {
  readonly state: string
  readonly passphraseFile: string
  /** `backup … --json` with this machine's state directory. */
  backup(...words: string[]): Promise<Ended>
  start(...words: string[]): ReturnType<typeof start>
}

/** A machine that nobody has registered: a state directory and a file with a passphrase. */
export function bareMachine(
  scratch: string,
  name: string,
  { env, ...options }: Surroundings = {},
): CommandMachine {
  const state = join(scratch, name, 'state')
  mkdirSync(join(scratch, name), { recursive: true })
  const passphraseFile = join(scratch, name, 'passphrase')
  writeFileSync(passphraseFile, `${testPassphrase}\n`, { mode: 0o600 })
  const ownEnv = { BACKUP_STATE_DIR: state, BACKUP_RETRY_SECONDS: '5', ...env }
  const surroundings = { ...options, env: ownEnv }
  return {
    ...{ state, passphraseFile },
    backup: (...words) => run('backup', ['--json', ...words], surroundings),
    start: (...words) => start('backup', ['--json', ...words], surroundings),
  }
}

/** A vault that machines can register with. */
export type CredentialIssuer = Pick<CommandVault, 'scratch'> & {
  credential(): Promise<string>
}

/** A machine that is registered with the vault; it includes nothing yet. */
export async function registeredMachine(
  vault: CredentialIssuer,
  name = 'laptop',
  surroundings: Surroundings = {},
): Promise<CommandMachine> {
  const machine = bareMachine(vault.scratch, name, surroundings)
  const registered = await registerMachine(machine, await vault.credential(), '--name', name)
  expect(registered, registered.stdout).toMatchObject({ code: 0 })
  return machine
}

/** `backup register` with the credential and the machine's passphrase file. */
export const registerMachine = (
  machine: CommandMachine,
  credential: string,
  ...words: string[]
): Promise<Ended> =>
  machine.backup(
    ...['register', '--vault-credentials', credential],
    ...['--passphrase-file', machine.passphraseFile, ...words],
  )

/** How a command that was run with `--json` ended: its last line, which says the exit status. */
export function exitOf({ events, code }: Ended): Event {
  const last = events.at(-1)
  if (last?.event === 'exit' && last['code'] === code) return last
  throw new Error(`No exit record of status ${String(code)} comes last: ${JSON.stringify(last)}`)
}
