/** Runs the built commands as a user would, and shows them. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { BackupError } from '../../base/errors.ts'
import type { EventFields } from '../render/output.ts'

export type Program = 'backup' | 'backup-vault'

export interface Place {
  /** Where everything of the tour lies. */
  readonly directory: string
  readonly say: (text: string) => void
  readonly signal: AbortSignal
}

/** Runs a command to its end; the lines of its `--json`. @throws BackupError when it fails */
export async function runCommand(
  program: Program,
  words: readonly string[],
  place: Place,
): Promise<readonly EventFields[]> {
  place.say(`$ ${program} ${words.map(quoted).join(' ')}`)
  const child = startProgram(program, words, place)
  const closed = once(child, 'close') as Promise<[number | null]>
  const events: EventFields[] = []
  for await (const line of linesOf(child)) events.push(JSON.parse(line) as EventFields)
  const [code] = await closed
  if (code === 0 || code === leftOutStatus) return events
  const exit = events.find(({ event }) => event === 'exit')
  throw new BackupError('internal', `${program} failed: ${textOf(exit?.['message'])}`, {
    hint: textOf(exit?.['hint']),
  })
}

/** Files that were left out are the comparison's matter. */
const leftOutStatus = 3

export interface Serving {
  readonly port: number
  stop(): Promise<void>
}

/** `backup-vault serve` on a free port of loopback. */
export async function startServing(words: readonly string[], place: Place): Promise<Serving> {
  place.say(`$ backup-vault serve ${words.map(quoted).join(' ')} &`)
  const child = startProgram('backup-vault', ['serve', ...words], place)
  const closed = once(child, 'close')
  const stop = async () => {
    child.kill('SIGTERM')
    await closed
  }
  for await (const line of linesOf(child)) {
    const { event, port } = JSON.parse(line) as { event: string; port?: number }
    if (event === 'listening' && port !== undefined) return { port, stop }
    break
  }
  await stop()
  throw new BackupError('internal', 'The vault did not start.')
}

function startProgram(program: Program, words: readonly string[], place: Place): ChildProcess {
  const script = resolve(import.meta.dirname, '../../../bin', `${program}.js`)
  return spawn(process.execPath, [script, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      BACKUP_STATE_DIR: join(place.directory, 'machine'),
      BACKUP_VAULT_DIR: join(place.directory, 'vault'),
    },
    signal: place.signal,
    killSignal: 'SIGTERM',
  }).on('error', () => undefined)
}

const linesOf = (child: ChildProcess): AsyncIterable<string> =>
  child.stdout === null ? none() : createInterface({ input: child.stdout })

async function* none(): AsyncGenerator<string> {}

const quoted = (word: string): string => (/^[\w./:@=,-]+$/.test(word) ? word : `'${word}'`)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'no reason given')
