/** `backup rotate-key`: another master key from now on. The rotation is written down here before the vault is asked for it. */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { repositoryIdOf } from '../../agent/keys/epochs.ts'
import { keyStoreSettingsOf } from '../../agent/keys/open-key-store.ts'
import {
  adoptRotation,
  isAtVault,
  keyOfRotation,
  planRotation,
  type PlannedRotation,
} from '../../agent/keys/rotation.ts'
import { fingerprintOf } from '../../agent/register/fingerprint.ts'
import type { PendingRotation } from '../../agent/state/rotation-state.ts'
import type { Registration } from '../../agent/state/state.ts'
import { openRepository } from '../../repository/repository.ts'
import type { CommandContext } from './context.ts'
import { newKeyStore, type NewKeyStore } from './key-store-of.ts'
import { withConnection, type ConnectedAgent } from './open.ts'
import { givenPassphrase, newPassphrase, type PassphraseOptions } from './passphrase.ts'
import { withPin } from './pin.ts'
import { masterKeyOf, refuseOtherPassphrase } from './reading.ts'
import { endRotation } from './rotation-end.ts'
import { lockOf } from './run-lock.ts'
import { stateOf } from './state-of.ts'

interface RotateOptions extends PassphraseOptions {
  readonly oldPassphraseFile?: string
  readonly pin?: string
}

export function addRotateKey(program: Command, context: CommandContext): void {
  program
    .command('rotate-key')
    .description(
      'another master key from now on: the next run sends everything anew, older points stay readable until they expire',
    )
    .option('--passphrase-file <file>', 'the passphrase from then on: that of now, or another one')
    .option('--generate-passphrase <file>', 'make a new passphrase and write it to a new file')
    .option('--old-passphrase-file <file>', 'on a hardened machine: the passphrase of now')
    .option('--pin <pin>', "the PIN that the vault's operator gave for this request")
    .action((options: RotateOptions) => rotateKey(context, options))
}

/** No run goes on meanwhile. */
async function rotateKey(context: CommandContext, options: RotateOptions): Promise<void> {
  const state = stateOf(context.host)
  const lock = await lockOf(state)
  try {
    await withConnection(context, (agent) => rotate(context, agent, options))
  } finally {
    lock.release()
  }
}

async function rotate(
  context: CommandContext,
  agent: ConnectedAgent,
  options: RotateOptions,
): Promise<void> {
  const { state, registration, connection } = agent
  if (registration.access !== 'full') throw readOnly()
  const waiting = await state.rotation.load()
  if (waiting?.repository === registration.repository) return end(context, agent, registration)
  if (waiting === undefined && options.pin !== undefined) throw nothingWaits()
  const { planned, passphrase } = await plannedRotation(context, agent, { options, waiting })
  const { rotation } = planned
  const given = { pin: options.pin, nothingYet: 'Nothing is changed yet' }
  try {
    await withPin(context, given, (pin) =>
      connection.beginRepository(rotation.repository, rotation.beginning, pin),
    )
    const { settings, storeOf } = await sameKindOfStore(context, agent, passphrase)
    const place = { state, settings, store: storeOf(rotation.repository), clock: systemClock }
    await end(context, agent, await adoptRotation(planned, agent, place))
  } finally {
    passphrase.dispose()
    planned.masterKey.dispose()
  }
}

interface Planned {
  readonly planned: PlannedRotation
  readonly passphrase: Secret
}

interface Asked {
  readonly options: RotateOptions
  readonly waiting: PendingRotation | undefined
}

/** The one that was begun, if a PIN is given for it or the vault has it already; else a new one. */
async function plannedRotation(
  context: CommandContext,
  agent: ConnectedAgent,
  { options, waiting }: Asked,
): Promise<Planned> {
  const isBegun =
    waiting !== undefined &&
    (options.pin !== undefined || (await isAtVault(waiting, agent.connection)))
  if (!isBegun) return plan(context, agent, options)
  const passphraseFile = options.passphraseFile ?? options.generatePassphrase
  const passphrase = await givenPassphrase(context, passphraseFile ? { passphraseFile } : {})
  const masterKey = await keyOfRotation(waiting, passphrase)
  return { planned: { rotation: waiting, masterKey }, passphrase }
}

async function plan(
  context: CommandContext,
  agent: ConnectedAgent,
  options: RotateOptions,
): Promise<Planned> {
  const { state, registration, connection } = agent
  const { passphrase, keep } = await newPassphrase(context, options)
  await refuseOtherPassphrase(context, registration, passphrase)
  const reading = { passphraseFile: options.oldPassphraseFile ?? options.passphraseFile }
  const heldKey = await masterKeyOf(context, agent, reading)
  try {
    const { repository: number, config } = registration
    const place = { number, repositoryId: repositoryIdOf(registration), heldKey }
    const repository = await openRepository(connection, place, config)
    const wanted = { passphrase, registration }
    const sources = { clock: systemClock, random: systemRandom }
    const planned = await planRotation({ repository, heldKey }, wanted, sources)
    await keep()
    await state.rotation.save(planned.rotation)
    return { planned, passphrase }
  } finally {
    heldKey.dispose()
  }
}

/** The next key lies where the last one did: in another file, under another account. */
function sameKindOfStore(
  context: CommandContext,
  { state, registration }: ConnectedAgent,
  passphrase: Secret,
): Promise<NewKeyStore> {
  const settings = keyStoreSettingsOf(registration)
  const { passphraseFile, credential } =
    settings.kind === 'none' ? settings : { passphraseFile: undefined, credential: undefined }
  return newKeyStore(context, state, {
    ...{ keyStore: settings.kind, passphrase },
    ...(passphraseFile !== undefined && { unlockFile: passphraseFile }),
    ...(credential !== undefined && { systemdCredential: credential.file }),
  })
}

async function end(
  context: CommandContext,
  { state }: ConnectedAgent,
  registration: Registration,
): Promise<void> {
  await endRotation(context, state, registration)
  const { output } = context
  const { repository } = registration
  const fingerprint = fingerprintOf(registration)
  output.event({ event: 'key-rotated', repository, fingerprint })
  output.line(`The master key is another one: repository ${repository} has begun.`)
  output.line(`Fingerprint of the repository: ${fingerprint}`)
  output.note('The next run sends everything anew. Points that are there stay readable.')
  output.note('Print the recovery sheet again: backup passphrase sheet --out FILE --html')
}

const nothingWaits = (): BackupError =>
  new BackupError('usage', 'No new master key waits for a PIN.', {
    hint: 'Repeat the command without --pin first: it shows the code that the PIN is for.',
  })

const readOnly = (): BackupError =>
  new BackupError('read-only', 'This machine was recovered: it reads and restores only.', {
    hint: 'Only the machine itself, or one that took it over, changes its key.',
  })
