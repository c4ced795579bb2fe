/** `backup points [list]`, `backup points show ID` */

import type { Command } from 'commander'
import { addPointsList } from './points-list.ts'
import { addPointsShow } from './points-show.ts'
import type { CommandContext } from './context.ts'

export function addPoints(program: Command, context: CommandContext): void {
  const points = program.command('points').description('the recovery points at the vault')
  addPointsList(points, context)
  addPointsShow(points, context)
}
