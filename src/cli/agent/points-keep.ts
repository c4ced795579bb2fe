/** `backup points keep ID... --until DATE` */

import type { Command } from 'commander'
import type { RecordHash } from '../../model/ids.ts'
import { localTimeText } from '../render/units.ts'
import { chosenPoint } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { parseKeepUntil } from './keep-until.ts'
import { withConnection } from './open.ts'
import { sourceOption } from './state-of.ts'

export function addPointsKeep(points: Command, context: CommandContext): void {
  points
    .command('keep')
    .description('keep points until a time, whatever the policy says; never shorter than before')
    .argument('<point...>', 'the beginning of its id')
    .requiredOption('--until <date>', 'as in 2030-12-31', parseKeepUntil)
    .action(async (texts: string[], { until }: { until: number }, command: Command) => {
      await withConnection(context, async (agent) => {
        const source = sourceOption(command)
        const ids: RecordHash[] = []
        for (const text of texts) ids.push((await chosenPoint(context, agent, { text, source })).id)
        await agent.connection.keepPoints(ids, until)
        for (const pointId of ids) {
          context.output.event({ event: 'point-wanted', pointId, until })
          context.output.line(`${pointId.slice(0, 12)} is kept until ${localTimeText(until)}.`)
        }
      })
    })
}
