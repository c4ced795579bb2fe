/** `backup points [list]`, `backup points show|delete|undelete ID` */

import type { Command } from 'commander'
import { addPointsDelete } from './points-delete.ts'
import { addPointsKeep } from './points-keep.ts'
import { addPointsList } from './points-list.ts'
import { addPointsShow } from './points-show.ts'
import { addPointsUndelete } from './points-undelete.ts'
import type { CommandContext } from './context.ts'

export function addPoints(program: Command, context: CommandContext): void {
  const points = program.command('points').description('the recovery points at the vault')
  addPointsList(points, context)
  addPointsShow(points, context)
  addPointsDelete(points, context)
  addPointsKeep(points, context)
  addPointsUndelete(points, context)
}
