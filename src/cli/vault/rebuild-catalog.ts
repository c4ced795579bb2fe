/** `backup-vault rebuild-catalog` */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { directoryOf, type CommandContext } from './context.ts'
import { untilSignalled } from './signals.ts'

export function addRebuildCatalog(parent: Command, { host, output }: CommandContext): void {
  parent
    .command('rebuild-catalog')
    .description('make the catalog anew from the objects and records, which hold all of it')
    .action(async (_options: unknown, command: Command) => {
      const { catalogPath, openGround } = await import('../../vault/open.ts')
      const { rebuildCatalog } = await import('../../vault/rebuild-catalog.ts')
      const directory = directoryOf(command)
      const ground = await openGround(directory, { clock: systemClock, random: systemRandom })
      await untilSignalled(host, (signal) =>
        rebuildCatalog(catalogPath(directory), { ...ground, signer: ground.authority, signal }),
      )
      output.event({ event: 'catalog-rebuilt' })
      output.line('The catalog is made anew.')
    })
}
