/**
 * `backup passphrase change|add|remove`: other key slots, with the operator's word. A new slot is written down here before it
 * is asked for, so that the PIN is for exactly its bytes; the old one counts until the vault has the new one.
 */

import { InvalidArgumentError, type Command } from 'commander'
import { fromBase64Url, systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { replaceFile } from '../../base/files.ts'
import { planSlotChange, storedSlots } from '../../agent/keys/slots.ts'
import type { SlotChange } from '../../protocol/messages.ts'
import type { CommandContext } from './context.ts'
import { withConnection, type ConnectedAgent } from './open.ts'
import { masterKeyOf } from './reading.ts'
import { refreshSlotCopy, slotCopyOf } from './passphrase-slots.ts'
import { newPassphrase, type PassphraseOptions } from './passphrase.ts'
import { withPin } from './pin.ts'

interface ChangeOptions extends PassphraseOptions {
  readonly slot?: number
  readonly pin?: string
  readonly oldPassphraseFile?: string
}

export function addPassphraseChanges(parent: Command, context: CommandContext): void {
  const act =
    (work: typeof change) =>
    (options: ChangeOptions): Promise<void> =>
      withConnection(context, (agent) => work(context, agent, options))
  withNewPassphrase(parent.command('change'))
    .description('a new passphrase in the place of the old one, which is not needed here')
    .option('--slot <number>', "the slot to replace (this machine's own otherwise)", parseSlot)
    .action(act(change))
  withNewPassphrase(parent.command('add'))
    .description('one more passphrase that brings this machine back, for a deputy')
    .action(act(add))
  parent
    .command('remove')
    .description('a passphrase that shall bring nothing back any more')
    .argument('<slot>', 'its number, of backup passphrase list', parseSlot)
    .option('--pin <pin>', pinText)
    .action((slot: number, { pin }: { pin?: string }) =>
      withConnection(context, (agent) =>
        send(context, agent, { change: { add: null, remove: [slot] }, pin }),
      ),
    )
}

const pinText = "the PIN that the vault's operator gave for this request"

const withNewPassphrase = (command: Command): Command =>
  command
    .option('--passphrase-file <file>', 'take the new passphrase from a file')
    .option('--generate-passphrase <file>', 'make a new passphrase and write it to a new file')
    .option('--old-passphrase-file <file>', 'on a hardened machine: the passphrase of now')
    .option('--pin <pin>', pinText)

const change = async (
  context: CommandContext,
  agent: ConnectedAgent,
  options: ChangeOptions,
): Promise<void> =>
  sendNew(context, agent, { options, remove: async () => [await ownSlot(agent, options)] })

const add = (
  context: CommandContext,
  agent: ConnectedAgent,
  options: ChangeOptions,
): Promise<void> => sendNew(context, agent, { options, remove: () => Promise.resolve([]) })

async function ownSlot(
  { connection, registration, state }: ConnectedAgent,
  { slot }: ChangeOptions,
): Promise<number> {
  const numbers = await connection.slots(registration.repository)
  const own = slot ?? (await slotCopyOf(state, registration))?.slot ?? numbers[0]
  if (own !== undefined && numbers.includes(own)) return own
  throw new BackupError('usage', `The vault has no key slot ${own ?? 0} of this machine.`, {
    hint: 'backup passphrase list shows those there are; say one with --slot.',
  })
}

interface NewSlot {
  readonly options: ChangeOptions
  readonly remove: () => Promise<number[]>
}

async function sendNew(
  context: CommandContext,
  agent: ConnectedAgent,
  { options, remove }: NewSlot,
): Promise<void> {
  const { state } = agent
  if (options.pin === undefined) {
    const planned = await plan(context, agent, { options, remove })
    await state.slotChange.save(planned)
  }
  const waiting = await state.slotChange.load()
  if (waiting === undefined) throw nothingWaits()
  await send(context, agent, { change: waiting, pin: options.pin })
  await state.slotChange.remove()
}

async function plan(
  context: CommandContext,
  agent: ConnectedAgent,
  { options, remove }: NewSlot,
): Promise<SlotChange> {
  const { connection, registration } = agent
  const { passphrase, keep } = await newPassphrase(context, options)
  const reading = { passphraseFile: options.oldPassphraseFile }
  const masterKey = await masterKeyOf(context, agent, reading)
  try {
    const number = await connection.nextSlot(registration.repository)
    const place = { registration, number, remove: await remove() }
    const sources = { clock: systemClock, random: systemRandom }
    const planned = await planSlotChange({ passphrase, masterKey }, place, sources)
    await keep()
    return planned
  } finally {
    masterKey.dispose()
    passphrase.dispose()
  }
}

async function send(
  context: CommandContext,
  agent: ConnectedAgent,
  { change: wanted, pin }: { readonly change: SlotChange; readonly pin: string | undefined },
): Promise<void> {
  const { connection, registration, state } = agent
  await withPin(context, { pin, nothingYet: 'Nothing is changed yet' }, (given) =>
    connection.changeSlots(registration.repository, wanted, given),
  )
  if (wanted.add === null) {
    const slots = await storedSlots(connection, registration)
    await refreshSlotCopy(agent, slots, slots[0])
  } else {
    const { slotCopy } = state.paths.keyFiles(registration.repository)
    await replaceFile(slotCopy, fromBase64Url(wanted.add.slot) ?? new Uint8Array(0))
  }
  sayChanged(context, wanted)
}

function sayChanged({ output }: CommandContext, { add: added, remove }: SlotChange): void {
  output.event({ event: 'key-slots-changed', added: added?.number ?? null, removed: remove })
  if (added !== null) output.line(`The new passphrase opens key slot ${added.number}.`)
  for (const slot of remove) output.line(`Key slot ${slot} opens nothing any more.`)
  output.note('Prove it when you have written it down: backup passphrase verify')
}

const nothingWaits = (): BackupError =>
  new BackupError('usage', 'No new passphrase waits for a PIN.', {
    hint: 'Repeat the command without --pin first: it shows the code that the PIN is for.',
  })

function parseSlot(text: string): number {
  if (/^[0-9]{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of backup passphrase list.')
}
