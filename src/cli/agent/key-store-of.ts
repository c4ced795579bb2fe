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
  const key = await keyStoreOf(context, state, keyStoreSettingsOf(registration)).load()
  return narrowKey(key, registration)
}

export const keyStoreOf = (
  context: CommandContext,
  state: AgentState,
  settings: KeyStoreSettings,
): KeyStore => openKeyStore(settings, settingOf(context, state))

export const settingOf = (context: CommandContext, { paths }: AgentState): KeyStoreSetting => ({
  paths,
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
): Promise<{ readonly settings: KeyStoreSettings; readonly store: KeyStore }> {
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
  const setting = settingOf(context, state)
  const ask = passphrase === undefined ? setting.ask : () => Promise.resolve(passphrase.copy())
  return { settings, store: openKeyStore(settings, { ...setting, ask }) }
}

/** Only a file is looked for: asking a key store may ask a person. */
export const isKeyMissing = async (
  { kind }: KeyStoreSettings,
  { paths }: AgentState,
): Promise<boolean> =>
  !(await exists(kind === 'none' ? paths.slotCopy : paths.masterKey)) && kind !== 'os'

/** Removes the key of a registration that is over. A store that does not open keeps it: that is said. */
export async function forgetKey(
  context: CommandContext,
  state: AgentState,
  { before, after }: { readonly before: Registration; readonly after?: Registration },
): Promise<void> {
  const old = keyStoreSettingsOf(before)
  if (after !== undefined && isSamePlace(old, keyStoreSettingsOf(after))) return
  try {
    await keyStoreOf(context, state, old).remove()
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    context.output.warn(`Warning: the old key could not be removed: ${error.message}`)
  }
}

const isSamePlace = (a: KeyStoreSettings, b: KeyStoreSettings): boolean =>
  a.kind === 'os' && b.kind === 'os' ? a.account === b.account : a.kind === b.kind
