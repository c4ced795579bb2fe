/** Where a command takes a passphrase from: a file, a new one that it makes, or the keyboard. */

import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { exists } from '../../base/files.ts'
import { checkTyping, generatePassphrase } from '../../agent/keys/generated-passphrase.ts'
import {
  passphraseFileTaken,
  readPassphraseFile,
  writePassphraseFile,
} from '../../agent/keys/passphrase-file.ts'
import { strengthText } from '../../agent/keys/passphrase-strength.ts'
import { passphraseOf } from '../../model/passphrase.ts'
import type { CommandContext } from './context.ts'
import { askHidden } from './prompt.ts'

export interface PassphraseOptions {
  readonly passphraseFile?: string
  readonly generatePassphrase?: string
}

export interface NewPassphrase {
  readonly passphrase: Secret
  /** Writes a generated one down, before anything is sealed under it. */
  readonly keep: () => Promise<void>
}

/** @throws BackupError `usage`, `passphrase-weak`, `file-permissions`, `already-exists` */
export async function newPassphrase(
  context: CommandContext,
  options: PassphraseOptions,
): Promise<NewPassphrase> {
  const { passphraseFile, generatePassphrase: newFile } = options
  if (passphraseFile !== undefined && newFile !== undefined) {
    throw new BackupError('usage', 'Use either --passphrase-file or --generate-passphrase.')
  }
  const nothing = () => Promise.resolve()
  if (passphraseFile !== undefined) {
    return { passphrase: await fromFile(context, passphraseFile), keep: nothing }
  }
  if (newFile !== undefined) {
    const path = resolve(context.host.cwd(), newFile)
    if (await exists(path)) throw passphraseFileTaken(path)
    const passphrase = passphraseOf(generatePassphrase(systemRandom))
    return { passphrase, keep: () => writePassphraseFile(path, passphrase) }
  }
  return { passphrase: await askTwice(context), keep: nothing }
}

/** The passphrase that there is already. */
export async function givenPassphrase(
  context: CommandContext,
  { passphraseFile }: PassphraseOptions,
): Promise<Secret> {
  const passphrase =
    passphraseFile === undefined
      ? passphraseOf(await askHidden(context, 'Passphrase: ', '--passphrase-file'))
      : await fromFile(context, passphraseFile)
  checkTyping(passphrase)
  return passphrase
}

const fromFile = ({ host }: CommandContext, path: string): Promise<Secret> =>
  readPassphraseFile(resolve(host.cwd(), path))

/** Nothing typed: one is made, shown once, and has to be typed back. */
async function askTwice(context: CommandContext): Promise<Secret> {
  const typed = await askHidden(
    context,
    'New passphrase (at least 16 characters; Enter alone makes one): ',
    '--passphrase-file or --generate-passphrase',
  )
  const first = typed === '' ? generatePassphrase(systemRandom) : typed
  if (typed === '') context.host.stderr.write(`\nWrite this down: ${first}\n\n`)
  const passphrase = passphraseOf(first)
  if (typed !== '') context.output.note(`Strength: ${strengthText(first)}`)
  const second = await askHidden(context, 'The same again: ', '--passphrase-file')
  if (first.normalize('NFC') === second.normalize('NFC')) return passphrase
  throw new BackupError('usage', 'The two passphrases are not the same. Nothing was done.')
}
