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
      const { files, bytes, healed, damaged, points } = await untilSignalled(host, (signal) =>
        withVault(command, async (vault) => {
          const { scrub } = await import('../../vault/scrub/scrub.ts')
          const { damagedPoints } = await import('../../vault/scrub/damaged-points.ts')
          const scrubbed = await scrub(vault, { signal, mostBytes: Infinity, isFresh: true })
          return { ...scrubbed, points: await damagedPoints(vault) }
        }),
      )
      for (const key of healed) output.event({ event: 'healed', key })
      for (const key of damaged) {
        output.event({ event: 'damaged', key })
        output.line(`damaged: ${key}`)
      }
      for (const { machineId, source, seq, hash, committedAt } of points) {
        output.event({ event: 'point-damaged', machineId, source, seq, pointId: hash })
        const time = new Date(committedAt).toISOString()
        output.line(
          `not whole: point ${hash.slice(0, 12)} (${source} ${seq}, ${time}) of ${machineId}`,
        )
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
