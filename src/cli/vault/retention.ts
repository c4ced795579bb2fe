/** `backup-vault retention plan|apply` */

import type { Command } from 'commander'
import { applyRetention } from '../../vault/retention/expire.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { addRetentionPlan } from './retention-plan.ts'
import { withVault } from './with-vault.ts'

export function addRetention(parent: Command, context: CommandContext): void {
  const retention = parent
    .command('retention')
    .description('what is kept for how long, and why; serve applies it by itself every hour')
  addRetentionPlan(retention, context)
  addApply(retention, context)
}

function addApply(retention: Command, { output }: CommandContext): void {
  retention
    .command('apply')
    .description('delete softly what has expired, and remove what nobody can take back any more')
    .action(async (_options: unknown, command: Command) => {
      const { sight, expired, removed } = await withVault(command, applyRetention)
      const isSuspended = sight.kind === 'suspended'
      output.event({ event: 'retention-applied', suspended: isSuspended, expired, removed })
      if (isSuspended) {
        const { seenAt, clockAt } = sight
        output.warn(`The clock jumped from ${timeText(seenAt)} to ${timeText(clockAt)}.`)
        output.warn('Nothing expires until: backup-vault clock confirm')
      } else {
        output.line(`Expired: ${expired}. Removed: ${removed}.`)
      }
    })
}
