/** `backup-vault collect` */

import type { Command } from 'commander'
import { sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addCollect(parent: Command, { output }: CommandContext): void {
  parent
    .command('collect')
    .description(
      'move what no point needs to the trash, and purge what is due; serve does it daily',
    )
    .action(async (_options: unknown, command: Command) => {
      const collected = await withVault(command, async (vault) => {
        const { collect } = await import('../../vault/collection/collect.ts')
        return await collect({ ...vault, signer: vault.authority })
      })
      if (collected === undefined) {
        output.event({ event: 'collected', suspended: true })
        output.warn('The clock has jumped: nothing goes until backup-vault clock confirm.')
        return
      }
      const { skipped, trashed, trashedBytes, purged, broughtBack } = collected
      output.event({ event: 'collected', suspended: false, ...collected })
      for (const { machineId, why } of skipped) output.warn(`Nothing of ${machineId}: ${why}`)
      output.line(`To the trash: ${trashed} objects, ${sizeText(trashedBytes)}.`)
      output.line(`Purged: ${purged}. Brought back: ${broughtBack}.`)
    })
}
