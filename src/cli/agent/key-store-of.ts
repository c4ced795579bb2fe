/** The key store of this machine as commands use it: opened, chosen for a new registration, given up with an old one. */

import { Option, type Command } from 'commander'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { exists } from '../../base/files.ts'
import { narrowKey } from '../../agent/keys/epochs.ts'
import { keyStoreKinds, type KeyStore, type KeyStoreKind } from '../../agent/keys/key-store.ts'
import {
  chooseKeyStore,
  keyStoreSettingsOf,
  openKeyStore,
  type KeyStoreSetting,
} from '../../agent/keys/open-key-store.ts'
import type { KeyStoreSettings } from '../../agent/state/key-store-state.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import { passphraseOf } from '../../model/passphrase.ts'
import type { CommandContext } from './context.ts'
import { askHidden } from './prompt.ts'

export interface NewKeyStore {
  readonly settings: KeyStoreSettings
  /** For the key of that repository. */
  readonly storeOf: (repository: number) => KeyStore
}

export interface KeyStoreOptions {
  readonly keyStore?: KeyStoreKind | 'auto'
  readonly unlockFile?: string
  readonly systemdCredential?: string
}

export const systemdCredentialText =
  'with none: units of systemd get the passphrase from there, in the clear or sealed by systemd-creds (.cred)'

export const addKeyStoreOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--key-store <where>',
        'where this machine keeps its key: os (key store of the system), file, none (asks for the passphrase each time), or auto: os where it works, else file',
      ).choices(['auto', ...keyStoreKinds]),
    )
    .option(
      '--unlock-file <file>',
      'with --key-store none: each command reads the passphrase there',
    )
    .option('--systemd-credential <file>', systemdCredentialText)

/** What the machine keeps of its key. @throws BackupError `key-unavailable`, `passphrase-wrong`, `state-damaged` */
export async function keyOf(
  context: CommandContext,
  state: AgentState,
  registration: Registration,
): Promise<Secret> {
  const key = await keyStoreOf(context, state, registration).load()
  return narrowKey(key, registration)
}

export const keyStoreOf = (
  context: CommandContext,
  state: AgentState,
  registration: PlacedKey,
): KeyStore =>
  openKeyStore(keyStoreSettingsOf(registration), settingOf(context, state, registration.repository))

/** Of which repository the key is, and what is recorded of its place. */
type PlacedKey = Pick<Registration, 'repository' | 'keyStore'>

const settingOf = (
  context: CommandContext,
  { paths }: AgentState,
  repository: number,
): KeyStoreSetting => ({
  files: paths.keyFiles(repository),
  env: context.host.env,
  ask: () => askToUnlock(context),
})

async function askToUnlock(context: CommandContext): Promise<Secret> {
  if (context.host.stdin.isTTY === true && !context.output.json) {
    return passphraseOf(await askHidden(context, 'Passphrase: ', 'BACKUP_PASSPHRASE_FILE'))
  }
  throw new BackupError(
    'key-unavailable',
    'This machine keeps no key, and there is no terminal to ask for the passphrase.',
    {
      hint: 'Name a file that holds it in BACKUP_PASSPHRASE_FILE, or: backup key-store move none --unlock-file FILE',
    },
  )
}

/** For a registration that is being made with that passphrase. @throws BackupError `key-unavailable`, `usage` */
export async function newKeyStore(
  context: CommandContext,
  state: AgentState,
  options: KeyStoreOptions & { readonly passphrase?: Secret },
): Promise<NewKeyStore> {
  const { host } = context
  const { keyStore: wanted = 'auto', unlockFile, systemdCredential, passphrase } = options
  const settings = await chooseKeyStore({
    wanted,
    passphraseFile: unlockFile && resolve(host.cwd(), unlockFile),
    credentialFile: systemdCredential && resolve(host.cwd(), systemdCredential),
    random: systemRandom,
    isRoot: host.platform !== 'win32' && host.getuid?.() === 0,
    env: host.env,
  })
  const storeOf = (repository: number) => {
    const setting = settingOf(context, state, repository)
    const ask = passphrase === undefined ? setting.ask : () => Promise.resolve(passphrase.copy())
    return openKeyStore(settings, { ...setting, ask })
  }
  return { settings, storeOf }
}

/** Only a file is looked for: asking a key store may ask a person. */
export async function isKeyMissing(
  registration: Registration,
  { paths }: AgentState,
): Promise<boolean> {
  const { kind } = keyStoreSettingsOf(registration)
  const { slotCopy, masterKey } = paths.keyFiles(registration.repository)
  return kind !== 'os' && !(await exists(kind === 'none' ? slotCopy : masterKey))
}

/** Removes the key of a registration that is over. A store that does not open keeps it: that is said. */
export async function forgetKey(
  context: CommandContext,
  state: AgentState,
  { before, after }: { readonly before: PlacedKey; readonly after?: PlacedKey },
): Promise<void> {
  if (after !== undefined && isSamePlace(before, after)) return
  try {
    await keyStoreOf(context, state, before).remove()
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    context.output.warn(`Warning: the old key could not be removed: ${error.message}`)
  }
}

function isSamePlace(before: PlacedKey, after: PlacedKey): boolean {
  const [a, b] = [keyStoreSettingsOf(before), keyStoreSettingsOf(after)]
  if (a.kind === 'os' && b.kind === 'os') return a.account === b.account
  return a.kind === b.kind && before.repository === after.repository
}
