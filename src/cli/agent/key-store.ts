/** `backup key-store show|move|harden|soften|escrow`: where this machine's key is, whether it opens, and another place for it. */

import { Argument, type Command } from 'commander'
import { resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { readBounded, readSecretFile } from '../../base/files.ts'
import { keyOfEscrow } from '../../agent/keys/escrow.ts'
import { narrowKey } from '../../agent/keys/epochs.ts'
import { fileKeyStore } from '../../agent/keys/file-store.ts'
import { keyFactsOf } from '../../agent/keys/key-facts.ts'
import { keyStoreKinds, type KeyStoreKind } from '../../agent/keys/key-store.ts'
import { readPassphraseFile } from '../../agent/keys/passphrase-file.ts'
import { registrationOf, type AgentState, type Registration } from '../../agent/state/state.ts'
import { openSlot } from '../../crypto/slot.ts'
import { decodeSlot, maxSlotBytes } from '../../model/slot.ts'
import type { CommandContext } from './context.ts'
import { addEscrow } from './key-store-escrow.ts'
import { addHarden, refuseUnlockFile } from './key-store-harden.ts'
import {
  forgetKey,
  keyOf,
  newKeyStore,
  systemdCredentialText,
  type KeyStoreOptions,
} from './key-store-of.ts'
import { withKeyLock } from './run-lock.ts'
import { stateOf } from './state-of.ts'

interface MoveOptions extends KeyStoreOptions {
  readonly passphraseFile?: string
  readonly escrowFile?: string
}

export function addKeyStore(program: Command, context: CommandContext): void {
  const keyStore = program
    .command('key-store')
    .description('where the key of this machine is, and another place for it')
  keyStore
    .command('show')
    .description('say where the key is and what that means, and try to open it')
    .action(() => show(context))
  keyStore
    .command('move')
    .description('put the key into another store, and remove it from the one that it is in')
    .addArgument(new Argument('<where>', 'the store to use from now on').choices(keyStoreKinds))
    .option('--passphrase-file <file>', 'take the key from the key slot, with the passphrase there')
    .option('--escrow-file <file>', 'take the key from an escrow that was decrypted with age -d')
    .option('--unlock-file <file>', 'with none: each command reads the passphrase there')
    .option('--systemd-credential <file>', systemdCredentialText)
    .action((where: KeyStoreKind, options: MoveOptions) => move(context, where, options))
  addHarden(keyStore, context)
  addEscrow(keyStore, context)
}

async function show(context: CommandContext): Promise<void> {
  const { output } = context
  const state = stateOf(context.host)
  const registration = await registrationOf(state)
  const facts = keyFactsOf(registration, state.paths)
  output.event({ event: 'key-store', ...facts })
  output.line(`The key is in ${facts.place} (${facts.store}): ${facts.meaning}.`)
  const key = await keyOf(context, state, registration)
  key.dispose()
  output.event({ event: 'key-opened', store: facts.store })
  output.line('It opens.')
}

/** The new place holds the key, and was read back, before it is recorded; only then the old one gives it up. */
async function move(
  context: CommandContext,
  where: KeyStoreKind,
  options: MoveOptions,
): Promise<void> {
  const state = stateOf(context.host)
  await withKeyLock(state, () => moveIn(context, state, { where, options }))
}

async function moveIn(
  context: CommandContext,
  state: AgentState,
  { where, options }: { readonly where: KeyStoreKind; readonly options: MoveOptions },
): Promise<void> {
  const before = await registrationOf(state)
  const { settings, storeOf } = await newKeyStore(context, state, { ...options, keyStore: where })
  const after = { ...before, keyStore: settings }
  const files = state.paths.keyFiles(before.repository)
  if (before.hardened !== undefined) refuseUnlockFile(after)
  const key = narrowKey(await keyToMove(context, state, { before, options }), before)
  try {
    await storeOf(before.repository).save(key)
  } finally {
    key.dispose()
  }
  await state.registration.update((saved) => ({ ...(saved ?? before), keyStore: settings }))
  await forgetKey(context, state, { before, after })
  // Of a move that was interrupted.
  if (where !== 'file') await fileKeyStore(files.masterKey).remove()
  const facts = keyFactsOf(after, state.paths)
  context.output.event({ event: 'key-moved', ...facts })
  context.output.line(`The key is now in ${facts.place} (${facts.store}): ${facts.meaning}.`)
}

const maxEscrowBytes = 4096
const maxConfigBytes = 32 * 1024 * 1024

interface Move {
  readonly before: Registration
  readonly options: MoveOptions
}

async function keyToMove(
  context: CommandContext,
  state: AgentState,
  { before, options: { passphraseFile, escrowFile } }: Move,
): Promise<Secret> {
  const { configCopy, slotCopy } = state.paths.keyFiles(before.repository)
  if (escrowFile !== undefined) {
    const text = await readSecretFile(resolve(context.host.cwd(), escrowFile), maxEscrowBytes)
    const config = await readBounded(configCopy, maxConfigBytes)
    return keyOfEscrow(Buffer.from(text).toString(), before, config)
  }
  if (passphraseFile === undefined) return keyOf(context, state, before)
  const passphrase = await readPassphraseFile(resolve(context.host.cwd(), passphraseFile))
  const slot = decodeSlot(await readBounded(slotCopy, maxSlotBytes))
  try {
    if (slot.machineId === before.machineId) return await openSlot(slot, passphrase)
  } finally {
    passphrase.dispose()
  }
  throw new BackupError('state-damaged', 'The copy of the key slot is of another machine.')
}
