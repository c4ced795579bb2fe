/** Commands that read recovery points: on a hardened machine they need the passphrase, and have the master key for as long as they run. */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { keyStoreSettingsOf, unattendedPassphrase } from '../../agent/keys/open-key-store.ts'
import { readPassphraseFile } from '../../agent/keys/passphrase-file.ts'
import { openAnySlot, storedSlots } from '../../agent/keys/slots.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import { isHardened } from '../../crypto/held-key.ts'
import { passphraseOf } from '../../model/passphrase.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { CommandContext, Host } from './context.ts'
import { keyOf } from './key-store-of.ts'
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

/**
 * The whole master key: held by the machine or, hardened, from a key slot. What the key store has counts, not what the
 * registration says: hardening may have been interrupted between the two. The caller's own copy.
 */
export async function masterKeyOf(
  context: CommandContext,
  agent: SlotsOfMachine & { readonly state: AgentState },
  reading: Reading,
): Promise<Secret> {
  if (agent.registration.hardened === undefined) {
    const held = await keyOf(context, agent.state, agent.registration)
    if (!isHardened(held)) return held
    held.dispose()
  }
  return masterKeyBySlot(context, agent, reading)
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

/** Whether the passphrase is named anywhere; nobody is asked for it. @throws BackupError `file-*` */
export async function isPassphraseNamed(
  { host }: CommandContext,
  registration: Registration,
  { passphraseFile }: Reading,
): Promise<boolean> {
  if (passphraseFile !== undefined) return true
  const found = await unattended(host, registration)
  found?.dispose()
  return found !== undefined
}

function unattended(host: Host, registration: Registration): Promise<Secret | undefined> {
  const settings = keyStoreSettingsOf(registration)
  return unattendedPassphrase(settings.kind === 'none' ? settings : {}, host.env)
}

/**
 * Runs take the passphrase from the same place as before: another one there would not open the new key.
 * @throws BackupError `usage`
 */
export async function refuseOtherPassphrase(
  { host }: CommandContext,
  registration: Registration,
  passphrase: Secret,
): Promise<void> {
  if (keyStoreSettingsOf(registration).kind !== 'none') return
  const found = await unattended(host, registration)
  const isOther = found?.equals(passphrase) === false
  found?.dispose()
  if (!isOther) return
  throw new BackupError('usage', 'Runs would take another passphrase from their file.', {
    hint: 'Use the passphrase of that file here, and change it afterwards: backup passphrase change',
  })
}

async function passphraseFor(
  context: CommandContext,
  registration: Registration,
  { passphraseFile }: Reading,
): Promise<Secret> {
  const { host, output } = context
  if (passphraseFile !== undefined) return readPassphraseFile(resolve(host.cwd(), passphraseFile))
  const found = await unattended(host, registration)
  if (found !== undefined) return found
  if (host.stdin.isTTY === true && !output.json) {
    return passphraseOf(await askHidden(context, 'Passphrase: ', '--passphrase-file'))
  }
  throw new BackupError('epoch-closed', 'This machine is hardened: that needs the passphrase.', {
    hint: 'Name a file that holds it: --passphrase-file FILE, or BACKUP_PASSPHRASE_FILE.',
  })
}
