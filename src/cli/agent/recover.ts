/** `backup recover --vault-credentials FILE`: the points of a lost machine, on a bare one. */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import type { AgentCredential } from '../../agent/register/credential.ts'
import type { Registration } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { withRepository } from './open.ts'
import { stateOf } from './state-of.ts'
import { takeOverPolicy } from '../../agent/register/take-over-policy.ts'
import { addKeyStoreOptions, newKeyStore, type KeyStoreOptions } from './key-store-of.ts'
import { givenPassphrase, type PassphraseOptions } from './passphrase.ts'
import { withPin } from './pin.ts'
import { proxyOf, type ProxyOptions } from './proxy-options.ts'
import { readCredentialFile } from './register.ts'

interface RecoverOptions extends PassphraseOptions, ProxyOptions, KeyStoreOptions {
  readonly vaultCredentials: string
  readonly takeover?: true
  readonly pin?: string
}

export function addRecover(program: Command, context: CommandContext): void {
  const command = program
    .command('recover')
    .description('read and restore the points of a lost machine, with its passphrase')
    .requiredOption('--vault-credentials <file>', 'a recovery credential for that machine')
    .option(
      '--takeover',
      'become that machine: it is refused from then on, and this one goes on backing up',
    )
    .option('--pin <pin>', "with --takeover: the PIN that the vault's operator gave for it")
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
  if (before !== undefined && !isOwnRecovery(before, credential, options)) {
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
  const wishes = { credential, passphrase, proxy, proxySettings, state, signal, keyStore }
  const { takeover, pin } = options
  const registration = await withPin(
    context,
    { pin, nothingYet: 'Nothing is changed yet' },
    (given) =>
      agent.recover({
        ...wishes,
        takeover: takeover && { pin: given },
        random: systemRandom,
      }),
  )
  passphrase.dispose()
  if (registration.access === 'full') return sayTakenOver(context, registration)
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

/** What was recovered here to read can become the machine. */
const isOwnRecovery = (
  { access, machineId }: Registration,
  { credential }: AgentCredential,
  { takeover }: RecoverOptions,
): boolean => takeover === true && access === 'read-only' && machineId === credential.machineId

/** What to back up is in the points. */
async function sayTakenOver(context: CommandContext, registration: Registration): Promise<void> {
  const { vaultName: vault, machineName: machine, machineId } = registration
  const sources = await withRepository(context, (agent) =>
    takeOverPolicy(agent, agent.state, registration.authorities),
  )
  context.output.event({ event: 'taken-over', vault, machine, machineId, sources })
  context.output.line(`This machine is ${machine} now. The old one is refused from now on.`)
  context.output.note(
    'What is backed up was taken from its points; schedule and throttle have to be set again: backup policy show',
  )
}
