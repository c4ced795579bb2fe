/** `backup register --vault-credentials FILE` */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { isOpenToOthers, readBounded } from '../../base/files.ts'
import { maxCredentialBytes } from '../../model/credential.ts'
import { machineNameSchema } from '../../protocol/messages.ts'
import { fingerprintOf } from '../../agent/register/fingerprint.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { stateOf } from './state-of.ts'
import { refuseUnlockFile } from './key-store-harden.ts'
import { addKeyStoreOptions, forgetKey, newKeyStore, type KeyStoreOptions } from './key-store-of.ts'
import { newPassphrase, type PassphraseOptions } from './passphrase.ts'
import { proxyOf, type ProxyOptions } from './proxy-options.ts'
import { replaceRegistration } from './replace-registration.ts'

interface RegisterOptions extends PassphraseOptions, ProxyOptions, KeyStoreOptions {
  readonly vaultCredentials: string
  readonly name?: string
  readonly replace?: true
  readonly hardened?: true
}

export function addRegister(program: Command, context: CommandContext): void {
  const command = program
    .command('register')
    .description('register this machine with a vault')
    .requiredOption('--vault-credentials <file>', "the file that the vault's operator gave you")
    .option('--name <name>', 'what this machine is called at the vault (its host name otherwise)')
    .option('--passphrase-file <file>', 'take the passphrase from a file that only you can read')
    .option('--generate-passphrase <file>', 'make a passphrase and write it to a new file')
    .option('--replace', 'give up the registration that this machine has')
    .option('--proxy <url>', 'reach the vault through this proxy, now and later')
    .option(
      '--proxy-credentials <file>',
      'user:password for the proxy, in a file that only you can read',
    )
    .option(
      '--hardened',
      'keep no master key: what was sent in earlier months needs the passphrase',
    )
  addKeyStoreOptions(command).action((options: RegisterOptions) => register(context, options))
}

async function register(context: CommandContext, options: RegisterOptions): Promise<void> {
  const { host, output, signal } = context
  const { readCredential } = await import('../../agent/register/credential.ts')
  const agent = await import('../../agent/register/register.ts')
  const state = stateOf(host)
  const machineName = checkedName(options.name ?? agent.usualMachineName())
  const file = await readCredentialFile(context, options.vaultCredentials)
  const credential = readCredential(file, { purpose: 'register', nowMs: systemClock.now() })
  await refuseSecond(state, options.replace === true)
  const { proxy, proxySettings } = await proxyOf(host, options, credential.credential.address)
  const { passphrase, keep } = await newPassphrase(context, options)
  const keyStore = await newKeyStore(context, state, { ...options, passphrase })
  if (options.hardened) refuseUnlockFile({ keyStore: keyStore.settings })
  const before = await state.registration.load().catch(() => undefined)
  const make = () =>
    agent.register({
      ...{ credential, machineName, passphrase, proxy, proxySettings, state, signal, keyStore },
      keepPassphrase: keep,
      hardened: options.hardened,
      clock: systemClock,
      random: systemRandom,
    })
  const { vaultId } = credential.credential
  const registration = options.replace
    ? await replaceRegistration(context, state, { vaultId, machineName, make })
    : await make()
  passphrase.dispose()
  if (before !== undefined) await forgetKey(context, state, { before, after: registration })
  const fingerprint = fingerprintOf(registration)
  output.event({
    event: 'registered',
    vault: registration.vaultName,
    machine: registration.machineName,
    machineId: registration.machineId,
    fingerprint,
  })
  output.line(`Registered ${registration.machineName} with the vault ${registration.vaultName}.`)
  output.line(`Fingerprint of the repository: ${fingerprint}`)
  if (options.generatePassphrase) output.line(`The passphrase is in ${options.generatePassphrase}.`)
  output.note(
    'Keep the passphrase apart from this machine: without it, and without the machine, the data is lost.',
  )
  output.note('A sheet to print for that day: backup passphrase sheet --out FILE --html')
  output.note('Next: backup policy include PATH, then backup run')
}

/** @throws BackupError `credential-malformed`, `file-unreadable` */
export async function readCredentialFile(
  { output, host }: CommandContext,
  path: string,
): Promise<Uint8Array> {
  const file = resolve(host.cwd(), path)
  const bytes = await readBounded(file, maxCredentialBytes).catch((error: unknown) => {
    throw noCredential(error)
  })
  if (await isOpenToOthers(file)) {
    output.warn(`Warning: ${path} can be read by others than its owner. Run: chmod 600 ${path}`)
  }
  return bytes
}

/** Without a cause, the file was found to be of another kind. */
function noCredential(error: unknown): unknown {
  if (!(error instanceof BackupError)) return error
  const { message, cause } = error
  return new BackupError(
    cause === undefined ? 'credential-malformed' : 'file-unreadable',
    message,
    { hint: "Name the file that the vault's operator gave you.", cause },
  )
}

function checkedName(name: string): string {
  if (machineNameSchema.safeParse(name).success) return name
  throw new BackupError('usage', `${JSON.stringify(name)} is no name for a machine.`, {
    hint: 'Names have 1 to 64 letters, digits, spaces, dots, - and _, and begin with a letter or digit.',
  })
}

async function refuseSecond(state: AgentState, replace: boolean): Promise<void> {
  const registration = replace ? undefined : await state.registration.load()
  if (registration === undefined) return
  const { machineName, vaultName } = registration
  throw new BackupError(
    'already-registered',
    `This machine is registered already, as ${machineName} with the vault ${vaultName}.`,
    { hint: 'Use --replace to give that registration up; its recovery points stay at the vault.' },
  )
}
