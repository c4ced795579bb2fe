/** Commands that read recovery points: on a hardened machine they need the passphrase, and have the master key for as long as they run. */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { keyStoreSettingsOf, unattendedPassphrase } from '../../agent/keys/open-key-store.ts'
import { readPassphraseFile } from '../../agent/keys/passphrase-file.ts'
import { openAnySlot, storedSlots } from '../../agent/keys/slots.ts'
import type { Registration } from '../../agent/state/state.ts'
import { passphraseOf } from '../../model/passphrase.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { CommandContext } from './context.ts'
import { askHidden } from './prompt.ts'

export interface Reading {
  readonly passphraseFile?: string | undefined
}

export const addReadingOptions = (command: Command): Command =>
  command.option('--passphrase-file <file>', 'on a hardened machine: the passphrase, in a file')

export const readingOf = (command: Command): { readonly reading: Reading } => ({
  reading: command.opts<Reading>(),
})

interface SlotsOfMachine {
  readonly connection: VaultConnection
  readonly registration: Registration
}

/** From a key slot at the vault. The caller's own copy. @throws BackupError `epoch-closed`, `passphrase-wrong` */
export async function masterKeyBySlot(
  context: CommandContext,
  { connection, registration }: SlotsOfMachine,
  reading: Reading,
): Promise<Secret> {
  const passphrase = await passphraseFor(context, registration, reading)
  try {
    return (await openAnySlot(await storedSlots(connection, registration), passphrase)).masterKey
  } finally {
    passphrase.dispose()
  }
}

async function passphraseFor(
  context: CommandContext,
  registration: Registration,
  { passphraseFile }: Reading,
): Promise<Secret> {
  const { host, output } = context
  if (passphraseFile !== undefined) return readPassphraseFile(resolve(host.cwd(), passphraseFile))
  const settings = keyStoreSettingsOf(registration)
  const recorded = settings.kind === 'none' ? settings : {}
  const found = await unattendedPassphrase(recorded, host.env)
  if (found !== undefined) return found
  if (host.stdin.isTTY === true && !output.json) {
    return passphraseOf(await askHidden(context, 'Passphrase: ', '--passphrase-file'))
  }
  throw new BackupError('epoch-closed', 'This machine is hardened: that needs the passphrase.', {
    hint: 'Name a file that holds it: --passphrase-file FILE, or BACKUP_PASSPHRASE_FILE.',
  })
}
