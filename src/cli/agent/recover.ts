/** `backup recover --vault-credentials FILE`: the points of a lost machine, on a bare one. */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import type { CommandContext } from './context.ts'
import { stateOf } from './open.ts'
import { addKeyStoreOptions, newKeyStore, type KeyStoreOptions } from './key-store-of.ts'
import { givenPassphrase, type PassphraseOptions } from './passphrase.ts'
import { proxyOf, type ProxyOptions } from './proxy-options.ts'
import { readCredentialFile } from './register.ts'

interface RecoverOptions extends PassphraseOptions, ProxyOptions, KeyStoreOptions {
  readonly vaultCredentials: string
}

export function addRecover(program: Command, context: CommandContext): void {
  const command = program
    .command('recover')
    .description('read and restore the points of a lost machine, with its passphrase')
    .requiredOption('--vault-credentials <file>', 'a recovery credential for that machine')
    .option('--passphrase-file <file>', 'take the passphrase from a file that only you can read')
    .option('--proxy <url>', 'reach the vault through this proxy, now and later')
    .option(
      '--proxy-credentials <file>',
      'user:password for the proxy, in a file that only you can read',
    )
  addKeyStoreOptions(command).action((options: RecoverOptions) => recover(context, options))
}

async function recover(context: CommandContext, options: RecoverOptions): Promise<void> {
  const { host, output, signal } = context
  const { readCredential } = await import('../../agent/register/credential.ts')
  const agent = await import('../../agent/register/recover.ts')
  const state = stateOf(host)
  const file = await readCredentialFile(context, options.vaultCredentials)
  const credential = readCredential(file, { purpose: 'recover', nowMs: systemClock.now() })
  const before = await state.registration.load()
  if (before !== undefined) {
    throw new BackupError(
      'already-registered',
      `This machine is registered already, as ${before.machineName} with the vault ${before.vaultName}.`,
      {
        hint: 'Recover into another state directory: set BACKUP_STATE_DIR for this command and the next.',
      },
    )
  }
  const { proxy, proxySettings } = await proxyOf(host, options, credential.credential.address)
  const passphrase = await givenPassphrase(context, options)
  const keyStore = await newKeyStore(context, state, { ...options, passphrase })
  const registration = await agent.recover({
    ...{ credential, passphrase, proxy, proxySettings, state, signal, keyStore },
    random: systemRandom,
  })
  const until = registration.readOnlyUntil ?? 0
  output.event({
    event: 'recovered',
    vault: registration.vaultName,
    machine: registration.machineName,
    machineId: registration.machineId,
    readOnlyUntil: until,
  })
  output.line(
    `The recovery points of ${registration.machineName} can be read until ${new Date(until).toLocaleString()}.`,
  )
  output.note('Next: backup points, then backup restore --point latest --to DIR')
}
