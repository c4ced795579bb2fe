/** `backup-vault status` */

import type { Command } from 'commander'
import { formatAddress } from '../../vault/operator/address.ts'
import { serviceStatus } from '../../vault/operator/status.ts'
import { sizeText, timeText } from '../render/units.ts'
import { directoryOf, type CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addStatus(parent: Command, { output }: CommandContext): void {
  parent
    .command('status')
    .description('the service in a few numbers')
    .action(async (_options: unknown, command: Command) => {
      const status = await withVault(command, serviceStatus)
      output.event({ event: 'status', directory: directoryOf(command), ...status })
      const facts: [string, string][] = [
        ['Directory', directoryOf(command)],
        ['Service', status.serviceId],
        ['Address', status.address === null ? '-' : formatAddress(status.address)],
        ['Vaults', String(status.vaults)],
        ['Machines', `${status.activeMachines} (${status.goodCertificates} good certificates)`],
        ['Points', `${status.points}, the last ${timeText(status.lastPointAt)}`],
        ['Stored', sizeText(status.storedBytes)],
        ['Authority until', timeText(status.authorityUntil)],
        ['Damaged', String(status.damagedObjects)],
        ['Scrubbed', timeText(status.scrubbedAt)],
        ['Refused PINs', String(status.refusedPins)],
        ['Cloned machines', String(status.clonedMachines)],
        ['Clock', clockText[status.clock]],
      ]
      for (const [name, value] of facts) output.line(`${`${name}:`.padEnd(17)}${value}`)
    })
}

const clockText = {
  believed: 'believed',
  suspended: 'has jumped: nothing expires until backup-vault clock confirm',
} as const
