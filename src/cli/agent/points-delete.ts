/** `backup points delete ID... [--pin PIN]` */

import type { Command } from 'commander'
import type { RecordHash } from '../../model/ids.ts'
import type { ChangedPoint } from '../../protocol/messages.ts'
import { localTimeText } from '../render/units.ts'
import { chosenPoint } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { withConnection } from './open.ts'
import { sourceOption } from './state-of.ts'
import { withPin } from './pin.ts'

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
    const ids: RecordHash[] = []
    for (const text of texts) ids.push((await chosenPoint(context, agent, { text, source })).id)
    return await withPin(context, { pin, nothingYet: 'Nothing is deleted yet' }, (given) =>
      agent.connection.deletePoints(ids, given),
    )
  })
}

function sayDeleted({ output }: CommandContext, point: ChangedPoint): void {
  const { pointId, deletedUntil } = point
  output.event({ event: 'point-deleted', ...point })
  const until = deletedUntil === null ? '-' : localTimeText(deletedUntil)
  output.line(`${pointId.slice(0, 12)} is deleted. It can be taken back until ${until}.`)
}
