/** `backup-vault scrub` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { untilSignalled } from './signals.ts'
import { withVault } from './with-vault.ts'

export function addScrub(parent: Command, { host, output }: CommandContext): void {
  parent
    .command('scrub')
    .description(
      'read everything again, heal what is kept twice, mark what is damaged; serve does it',
    )
    .action(async (_options: unknown, command: Command) => {
      const { files, bytes, healed, damaged } = await untilSignalled(host, (signal) =>
        withVault(command, async (vault) => {
          const { scrub } = await import('../../vault/scrub/scrub.ts')
          return await scrub(vault, { signal, mostBytes: Infinity, isFresh: true })
        }),
      )
      for (const key of healed) output.event({ event: 'healed', key })
      for (const key of damaged) {
        output.event({ event: 'damaged', key })
        output.line(`damaged: ${key}`)
      }
      const counts = { files, bytes, healed: healed.length, damaged: damaged.length }
      output.event({ event: 'scrubbed', ...counts })
      output.line(`Read: ${files} files, ${sizeText(bytes)}. Healed: ${healed.length}.`)
      if (damaged.length > 0) throw found(damaged.length)
    })
}

const found = (count: number): BackupError =>
  new BackupError('verification-failed', `${count} stored files are damaged.`, {
    hint: 'Run the agents: what the machines still have is sent again. Look after the disk.',
  })
