/** `npm run quickstart [-- FOLDER] [--keep]`: the whole product on one folder, in a temporary directory. */

import { Command } from 'commander'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { runCommand } from '../render/command-line.ts'
import { doneRecord, type ExitRecord } from '../render/exit.ts'
import { createOutput } from '../render/output.ts'
import { durationText, sizeText } from '../render/units.ts'
import { takeTour, type TourResult } from './tour.ts'

/** What this package was installed with: some thousand real files that everyone has who can run this. */
const usualFolder = resolve(import.meta.dirname, '../../../node_modules')

const output = createOutput({ json: false, quiet: false, verbose: false }, process)

async function quickstart(folder: string, keep: boolean): Promise<ExitRecord> {
  const directory = await mkdtemp(join(tmpdir(), 'backup-quickstart-'))
  try {
    const place = { directory, say: output.line, signal: untilInterrupted() }
    const result = await takeTour(folder, place)
    sayResult(folder, result)
    if (keep) output.line(`\nKept in ${directory}.`)
    output.line(nextStep)
    if (result.differences.length === 0) return doneRecord()
    throw new BackupError('damaged', 'What was restored differs from the folder.', {
      hint: `Were files changed meanwhile? The first differences:\n${result.differences.slice(0, 10).join('\n')}`,
    })
  } finally {
    if (!keep) await rm(directory, { recursive: true, force: true })
  }
}

function untilInterrupted(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    controller.abort(new BackupError('interrupted', 'Interrupted.'))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return controller.signal
}

function sayResult(folder: string, result: TourResult): void {
  const rows = [
    ['folder', folder],
    ['files', String(result.files)],
    ['bytes read', sizeText(result.bytesRead)],
    ['bytes sent', sizeText(result.bytesSent)],
    ['bytes stored', sizeText(result.bytesStored)],
    ['time', `${durationText(result.backupMs)} backup, ${durationText(result.restoreMs)} restore`],
    ...(result.leftOut > 0 ? [['left out', String(result.leftOut)]] : []),
    ['restored and compared', comparison(result)],
  ]
  output.line('')
  output.line(rows.map(([name = '', value = '']) => `${name.padEnd(23)}${value}`).join('\n'))
}

const comparison = ({ differences }: TourResult): string =>
  differences.length === 0 ? 'identical' : `${differences.length} differences`

const nextStep = `
Next: set up a vault that stays, on a machine that is always on:
  backup-vault init --address HOST:8443 --identity-out FILE --passphrase-file F
  backup-vault vault create home
  backup-vault credentials home --out home.vaultcred
  backup-vault serve
and on each machine to protect:
  backup register --vault-credentials home.vaultcred
  backup policy include /home
  backup run
README.md goes through it.`

process.exitCode = await runCommand(output, 'npm run quickstart', async () => {
  const command = new Command('quickstart')
    .argument('[folder]', 'what to back up and restore', usualFolder)
    .option('--keep', 'leave vault, machine and restored folder where they are')
    .exitOverride()
    .parse()
  const folder = await realpath(resolve(command.args[0] ?? usualFolder))
  return quickstart(folder, command.opts<{ keep?: true }>().keep === true)
})
