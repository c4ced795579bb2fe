/**
 * Makes fixtures/vaults/v1/ anew with the built commands; fixtures/README.md says when and how.
 * Usage: node test/support/make-golden-vault.ts OUT (Linux; Node 22.18 or later, which runs TypeScript).
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { includedParts, makeFirstState, makeSecondState } from './golden-tree.ts'
import type { GoldenExpectation, GoldenPoint } from './golden-vault.ts'
import { listTree, type ListedEntry } from './tree-listing.ts'

type Event = Readonly<Record<string, unknown>>

const passphrase = 'golden vault – Schlüssel, version 1'

/** The same on every machine: the points keep the path. */
const folder = join(tmpdir(), 'golden-vault')

function command(program: string, state: string, words: readonly string[]): Event[] {
  const script = resolve(import.meta.dirname, '../../bin', `${program}.js`)
  const env = { ...process.env, BACKUP_STATE_DIR: state }
  const text = outputOf([script, ...words, '--json'], env)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event)
}

/** Left-out items are no failure. */
function outputOf(words: readonly string[], env: NodeJS.ProcessEnv): string {
  try {
    return execFileSync(process.execPath, words, { env, encoding: 'utf8' })
  } catch (error) {
    const { status, stdout } = error as { readonly status: number; readonly stdout: string }
    if (status === 3) return stdout
    throw error
  }
}

async function serve(directory: string) {
  const script = resolve(import.meta.dirname, '../../bin/backup-vault.js')
  const words = ['serve', '--dir', directory, '--host', '127.0.0.1', '--port', '0', '--json']
  const child = spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { readonly port: number }
    const stop = async () => {
      child.kill('SIGTERM')
      await closed
    }
    return { port, stop }
  }
  throw new Error('The vault did not start.')
}

async function make(out: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'golden-'))
  const vault = join(work, 'vault')
  const state = join(work, 'state')
  const backup = (...words: string[]) => command('backup', state, words)
  const operate = (...words: string[]) => command('backup-vault', state, ['--dir', vault, ...words])
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'passphrase'), `${passphrase}\n`, { mode: 0o600 })

  operate('init', '--address', 'localhost:9')
  const serving = await serve(vault)
  try {
    operate('vault', 'set-address', `127.0.0.1:${serving.port}`)
    operate('vault', 'create', 'home')
    const credential = join(work, 'credential')
    operate('credentials', 'home', '--out', credential)
    const secret = ['--passphrase-file', join(out, 'passphrase')]
    backup('register', '--vault-credentials', credential, ...secret, '--name', 'golden')

    makeFirstState(folder)
    backup('policy', 'include', ...includedParts.map((part) => join(folder, part)))
    const first = { ...pointOf(backup('run')), entries: listTree(folder) }
    makeSecondState(folder)
    const second = { ...pointOf(backup('run')), entries: listTree(folder) }
    backup('verify', '--read-data')
    const leftOut = leftOutOf(backup('points', 'show', second.id, '--left-out'))
    writeExpectation(out, [
      { seq: 1, ...first, leftOut: [] },
      { seq: 2, ...second, leftOut, entries: withKept(first.entries, second.entries) },
    ])
    keepVault(vault, out)
  } finally {
    await serving.stop()
    for (const path of [folder, work]) rmSync(path, { recursive: true, force: true })
  }
}

const pointOf = (events: readonly Event[]): Pick<GoldenPoint, 'id'> => ({
  id: String(events.find(({ event }) => event === 'summary')?.['pointId']),
})

const leftOutOf = (events: readonly Event[]): GoldenPoint['leftOut'] =>
  events
    .filter(({ event }) => event === 'left-out')
    .map((item) => [toHex(utf8(String(item['path']))), String(item['reason'])])

/** The part that is gone is kept as it was; it stands before the other. */
function withKept(
  first: readonly ListedEntry[],
  second: readonly ListedEntry[],
): readonly ListedEntry[] {
  const gone = toHex(utf8('gone'))
  const kept = first.filter(({ path }) => path.startsWith(gone))
  return [...second.slice(0, 1), ...kept, ...second.slice(1)]
}

function writeExpectation(out: string, points: readonly GoldenPoint[]): void {
  const manifest = readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')
  const expectation: GoldenExpectation = {
    about: 'What the points of the vault beside this file hold. Byte strings are hexadecimal.',
    agentVersion: (JSON.parse(manifest) as { readonly version: string }).version,
    source: 'files',
    below: toHex(utf8(folder.slice(1))),
    points,
  }
  writeFileSync(join(out, 'expected.json'), `${JSON.stringify(expectation, null, 2)}\n`)
}

/** Second copies and the catalog follow from the rest. */
function keepVault(vault: string, out: string): void {
  const authority = readFileSync(join(vault, 'authority.json'), 'utf8')
  const { authorities } = JSON.parse(authority) as {
    readonly authorities: readonly { readonly certificate: string }[]
  }
  writeFileSync(join(out, 'authority.pem'), authorities[0]?.certificate ?? '')
  for (const name of ['authority.json', 'objects']) {
    cpSync(join(vault, name), join(out, 'vault', name), { recursive: true })
  }
}

const [out] = process.argv.slice(2)
if (out === undefined) throw new Error('Say where to: node test/support/make-golden-vault.ts OUT')
await make(resolve(out))
