/** The key store that a registration recorded, and the choice of one for a new registration. It is never changed by itself. */

import { join } from 'node:path'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { Secret } from '../../base/secret.ts'
import { exists } from '../../base/files.ts'
import type { KeyFiles } from '../state/key-files.ts'
import type { Registration } from '../state/state.ts'
import type { KeyStoreSettings } from '../state/key-store-state.ts'
import { askedKeyStore } from './asked-store.ts'
import { fileKeyStore } from './file-store.ts'
import type { KeyStore, KeyStoreKind } from './key-store.ts'
import { osKeyStore } from './os-store.ts'
import { readPassphraseFile } from './passphrase-file.ts'

export interface KeyStoreSetting {
  readonly files: Pick<KeyFiles, 'masterKey' | 'slotCopy'>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks a person, where there is one. */
  readonly ask: () => Promise<Secret>
}

/** Registrations of earlier versions recorded none: they had files. */
export const keyStoreSettingsOf = (
  registration: Pick<Registration, 'keyStore'>,
): KeyStoreSettings => registration.keyStore ?? { kind: 'file' }

export function openKeyStore(settings: KeyStoreSettings, setting: KeyStoreSetting): KeyStore {
  const { files, env, ask } = setting
  switch (settings.kind) {
    case 'file':
      return fileKeyStore(files.masterKey)
    case 'os':
      return osKeyStore({ account: settings.account, env })
    case 'none': {
      const passphrase = async () => (await unattendedPassphrase(settings, env)) ?? (await ask())
      return askedKeyStore({ slotCopy: files.slotCopy, passphrase })
    }
  }
}

/** What systemd hands to a unit with `LoadCredential=`. */
export const credentialName = 'backup-passphrase'

/** From the recorded file, `BACKUP_PASSPHRASE_FILE`, or a credential of systemd. @throws BackupError `file-*`, `passphrase-weak` */
export async function unattendedPassphrase(
  { passphraseFile }: { readonly passphraseFile?: string | undefined },
  env: KeyStoreSetting['env'],
): Promise<Secret | undefined> {
  const file = passphraseFile ?? env['BACKUP_PASSPHRASE_FILE']
  if (file !== undefined && file !== '') return readPassphraseFile(file)
  const directory = env['CREDENTIALS_DIRECTORY']
  const credential = directory === undefined ? undefined : join(directory, credentialName)
  if (credential === undefined || !(await exists(credential))) return undefined
  return readPassphraseFile(credential)
}

export interface KeyStoreChoice {
  readonly wanted: KeyStoreKind | 'auto'
  readonly passphraseFile?: string | undefined
  readonly credentialFile?: string | undefined
  readonly random: RandomBytes
  /** Root's runs are those of the machine: no login opens a keyring for them, so a file is chosen. */
  readonly isRoot: boolean
  readonly env: KeyStoreSetting['env']
}

/** @throws BackupError `key-unavailable` where the one that is wanted does not work; `usage` */
export async function chooseKeyStore(choice: KeyStoreChoice): Promise<KeyStoreSettings> {
  const { wanted, passphraseFile, credentialFile } = choice
  if (passphraseFile !== undefined && wanted !== 'none') {
    throw new BackupError('usage', '--unlock-file goes with --key-store none.')
  }
  if (credentialFile !== undefined && wanted !== 'none') {
    throw new BackupError('usage', '--systemd-credential goes with --key-store none.')
  }
  if (wanted === 'file') return { kind: 'file' }
  if (wanted === 'none') {
    const credential = credentialFile && { credential: credentialOf(credentialFile) }
    return { kind: 'none', ...(passphraseFile && { passphraseFile }), ...credential }
  }
  if (wanted === 'auto' && choice.isRoot) return { kind: 'file' }
  const settings = { kind: 'os', account: toHex(choice.random(16)) } as const
  try {
    await tryOut(settings.account, choice)
    return settings
  } catch (error) {
    if (wanted === 'os' || errorCodeOf(error) !== 'key-unavailable') throw error
    return { kind: 'file' }
  }
}

/** `systemd-creds encrypt` gives its files this ending. @throws BackupError `usage` for a path that no unit can hold */
function credentialOf(file: string): { readonly file: string; readonly sealed: boolean } {
  if (!/\p{Cc}|[\\ ]$/u.test(file)) return { file, sealed: file.endsWith('.cred') }
  throw new BackupError('usage', `A unit of systemd can not name ${JSON.stringify(file)}.`)
}

/** With a key that opens nothing. */
async function tryOut(account: string, { random, env }: KeyStoreChoice): Promise<void> {
  const store = osKeyStore({ account, env })
  await store.save(new Secret(random(32)))
  await store.remove()
}
