/** The main job from beginning to end: a vault, a credential, a registration, a backup, a restore, a comparison. */

import { join } from 'node:path'
import { compareTrees } from '../../agent/restore/compare.ts'
import { placeText } from '../../agent/restore/target/target.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { runCommand, startServing, type Place, type Serving } from './commands.ts'

export interface TourResult {
  readonly files: number
  readonly bytesRead: number
  readonly bytesSent: number
  readonly bytesStored: number
  readonly leftOut: number
  readonly backupMs: number
  readonly restoreMs: number
  readonly differences: readonly string[]
}

export async function takeTour(folder: string, place: Place): Promise<TourResult> {
  const { say } = place
  const credential = join(place.directory, 'home.vaultcred')
  const restored = join(place.directory, 'restored')

  say('A vault: the service that keeps recovery points of many machines, and can not read them.')
  await runCommand('backup-vault', ['init', '--address', 'localhost:8443'], place)
  const serving = await startServing(['--host', '127.0.0.1', '--port', '0'], place)
  try {
    await issueCredential(serving, credential, place)

    say('\nThis machine: registered with that file, under a passphrase that never leaves it.')
    await register(credential, place)
    await runCommand('backup', ['policy', 'include', folder], place)

    say('\nA backup over HTTPS, then its recovery point.')
    const summary = summaryOf(await runCommand('backup', ['run'], place))
    const pointId = String(summary['pointId']).slice(0, 12)
    await runCommand('backup', ['points', 'show', pointId], place)
    say(`Recovery point ${pointId}: ${countOf(summary['files'])} files.`)

    say('\nA restore into an empty folder, compared with the original.')
    const words = ['restore', '--point', pointId, '--to', restored]
    const restore = summaryOf(await runCommand('backup', words, place))
    const differences = await compare(folder, restored, place)
    return {
      files: countOf(summary['files']),
      bytesRead: countOf(summary['bytesRead']),
      bytesSent: countOf(summary['bytesSent']),
      bytesStored: countOf(summary['bytesStored']),
      leftOut: countOf(summary['leftOut']),
      backupMs: countOf(summary['durationMs']),
      restoreMs: countOf(restore['durationMs']),
      differences,
    }
  } finally {
    await serving.stop()
  }
}

async function issueCredential({ port }: Serving, file: string, place: Place): Promise<void> {
  await runCommand('backup-vault', ['vault', 'set-address', `127.0.0.1:${port}`], place)
  await runCommand('backup-vault', ['vault', 'create', 'home'], place)
  await runCommand('backup-vault', ['credentials', 'home', '--out', file], place)
}

const register = (credential: string, place: Place) =>
  runCommand(
    'backup',
    [
      ...['register', '--vault-credentials', credential, '--name', 'quickstart'],
      ...['--generate-passphrase', join(place.directory, 'passphrase')],
    ],
    place,
  )

async function compare(folder: string, restored: string, place: Place): Promise<string[]> {
  const differences = await compareTrees(folder, placeBelow(restored, folder), {
    system: systemCalls(),
    owners: process.getuid?.() === 0,
    signal: place.signal,
  })
  return differences.map(({ what, path }) => `${what}: ${placeText(path)}`)
}

/** The whole path is put beneath the target; on Windows its drive is a folder there. */
export const placeBelow = (target: string, folder: string): string =>
  join(target, folder.replace(/^([A-Za-z]):/, '$1'))

type Summary = Readonly<Record<string, unknown>>

const summaryOf = (events: readonly Summary[]): Summary =>
  events.find(({ event }) => event === 'summary') ?? {}

const countOf = (value: unknown): number => (typeof value === 'number' ? value : 0)
