/** `backup points undelete ID...` */

import type { Command } from 'commander'
import { chosenPoint } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { withConnection } from './open.ts'
import { sourceOption } from './state-of.ts'

export function addPointsUndelete(points: Command, context: CommandContext): void {
  points
    .command('undelete')
    .description('take deleted points back')
    .argument('<point...>', 'the beginning of its id')
    .action(async (texts: string[], _options: unknown, command: Command) => {
      const changed = await withConnection(context, async (agent) => {
        const source = sourceOption(command)
        const ids = []
        for (const text of texts) ids.push((await chosenPoint(context, agent, { text, source })).id)
        return await agent.connection.undeletePoints(ids)
      })
      for (const point of changed) {
        context.output.event({ event: 'point-undeleted', ...point })
        context.output.line(`${point.pointId.slice(0, 12)} is kept again.`)
      }
    })
}
