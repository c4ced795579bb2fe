/** `backup passphrase verify|list`: whether a passphrase would bring this machine back, and how many would. */

import type { Command } from 'commander'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { repositoryIdOf } from '../../agent/keys/epochs.ts'
import { exists, readBounded, replaceFile } from '../../base/files.ts'
import {
  openAnySlot,
  storedSlots,
  type OpenedSlot,
  type StoredSlot,
} from '../../agent/keys/slots.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import { isMadeOf } from '../../crypto/held-key.ts'
import { decodeSlot, maxSlotBytes, type Slot } from '../../model/slot.ts'
import { localTimeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { keyOf } from './key-store-of.ts'
import { withConnection, type ConnectedAgent } from './open.ts'
import { givenPassphrase, type PassphraseOptions } from './passphrase.ts'

export function addPassphraseLooks(parent: Command, context: CommandContext): void {
  parent
    .command('verify')
    .description('prove a passphrase against the key slots that the vault keeps')
    .option('--passphrase-file <file>', 'take the passphrase from a file that only you can read')
    .action((options: PassphraseOptions) =>
      withConnection(context, (agent) => verify(context, agent, options)),
    )
  parent
    .command('list')
    .description('show the key slots that the vault keeps: each opens to one passphrase')
    .action(() => withConnection(context, (agent) => list(context, agent)))
}

async function verify(
  context: CommandContext,
  agent: ConnectedAgent,
  options: PassphraseOptions,
): Promise<void> {
  const slots = await storedSlots(agent.connection, agent.registration)
  const passphrase = await givenPassphrase(context, options)
  const opened = await openAnySlot(slots, passphrase).finally(() => {
    passphrase.dispose()
  })
  try {
    await compareKeys(context, agent, opened)
  } finally {
    opened.masterKey.dispose()
  }
  await refreshSlotCopy(agent, slots, opened)
  context.output.event({ event: 'passphrase-verified', slot: opened.number })
  context.output.line(
    `The passphrase opens key slot ${opened.number}: it brings this machine back.`,
  )
}

/** A recovery with a slot of another key would find nothing that it can read. */
async function compareKeys(
  context: CommandContext,
  { state, registration }: ConnectedAgent,
  { masterKey }: OpenedSlot,
): Promise<void> {
  try {
    const key = await keyOf(context, state, registration)
    const isSame = isMadeOf(key, masterKey, repositoryIdOf(registration))
    key.dispose()
    if (isSame) return
  } catch (error) {
    if (errorCodeOf(error) !== 'key-unavailable') throw error
    context.output.warn(
      `Warning: not compared with this machine's key: ${(error as Error).message}`,
    )
    return
  }
  throw new BackupError('vault-mismatch', "The slot holds another key than this machine's.", {
    hint: "Make a slot for this machine's key: backup passphrase change",
  })
}

async function list(
  { output }: CommandContext,
  { connection, registration, state }: ConnectedAgent,
): Promise<void> {
  const copy = (await slotCopyOf(state, registration))?.slot
  for (const { number, slot } of await storedSlots(connection, registration)) {
    const isCopied = number === copy
    const { createdMs } = slot
    output.event({ event: 'key-slot', slot: number, createdAt: createdMs, isCopied })
    const note = isCopied ? '  (copied on this machine)' : ''
    output.line(`${number}  made ${localTimeText(createdMs)}${note}`)
  }
}

/** What lies in the state directory; undefined where there is none, or none that can be read. */
export async function slotCopyOf(
  { paths }: AgentState,
  { repository }: Pick<Registration, 'repository'>,
): Promise<Slot | undefined> {
  const { slotCopy } = paths.keyFiles(repository)
  if (!(await exists(slotCopy))) return undefined
  try {
    return decodeSlot(await readBounded(slotCopy, maxSlotBytes))
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error
    return undefined
  }
}

/** The copy has to be of a slot that the vault still counts: else `usual` is copied. */
export async function refreshSlotCopy(
  { state, registration }: Pick<ConnectedAgent, 'state' | 'registration'>,
  slots: readonly StoredSlot[],
  usual: StoredSlot | undefined,
): Promise<void> {
  const copy = await slotCopyOf(state, registration)
  if (usual === undefined || slots.some(({ number }) => number === copy?.slot)) return
  await replaceFile(state.paths.keyFiles(registration.repository).slotCopy, usual.bytes)
}
