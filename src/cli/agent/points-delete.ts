/** `backup points delete ID... [--pin PIN]` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { pinRequiredFactsSchema, type ChangedPoint } from '../../protocol/messages.ts'
import { localTimeText } from '../render/units.ts'
import { chosenPoint } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { sourceOption, withConnection } from './open.ts'

export function addPointsDelete(points: Command, context: CommandContext): void {
  points
    .command('delete')
    .description('delete points before their time; needs a PIN of the vault, can be taken back')
    .argument('<point...>', 'the beginning of its id')
    .option('--pin <pin>', "the PIN that the vault's operator gave for this request")
    .action(async (texts: string[], options: { pin?: string }, command: Command) => {
      const changed = await deleteThem(context, command, { texts, pin: options.pin })
      for (const point of changed) sayDeleted(context, point)
      context.output.note('Until then it is restored as before: backup points undelete ID')
    })
}

async function deleteThem(
  context: CommandContext,
  command: Command,
  { texts, pin }: { readonly texts: readonly string[]; readonly pin: string | undefined },
): Promise<readonly ChangedPoint[]> {
  return await withConnection(context, async (agent) => {
    const source = sourceOption(command)
    const ids = []
    for (const text of texts) ids.push((await chosenPoint(context, agent, { text, source })).id)
    try {
      return await agent.connection.deletePoints(ids, pin)
    } catch (error) {
      throw withCode(context, error)
    }
  })
}

/** The code is the result of the first, PIN-less try: scripts read it from the event. */
function withCode({ output }: CommandContext, error: unknown): unknown {
  if (!(error instanceof BackupError) || error.code !== 'pin-required') return error
  const facts = pinRequiredFactsSchema.safeParse(error.facts)
  if (!facts.success) return error
  const { requestCode } = facts.data
  output.event({ event: 'pin-required', requestCode })
  output.line(`Request code: ${requestCode}`)
  return new BackupError('pin-required', 'Nothing is deleted yet: this needs a security PIN.', {
    hint: `The vault's operator gets it with backup-vault pin ${requestCode}; then repeat this command with --pin PIN.`,
    facts: { requestCode },
  })
}

function sayDeleted({ output }: CommandContext, point: ChangedPoint): void {
  const { pointId, deletedUntil } = point
  output.event({ event: 'point-deleted', ...point })
  const until = deletedUntil === null ? '-' : localTimeText(deletedUntil)
  output.line(`${pointId.slice(0, 12)} is deleted. It can be taken back until ${until}.`)
}
