/** `backup-vault pin CODE` */

import type { Command } from 'commander'
import { textOf, type Wanted } from '../../vault/approvals/request.ts'
import type { DescribedRequest } from '../../vault/pins/describe.ts'
import { printable } from '../render/table.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addPin(parent: Command, { output }: CommandContext): void {
  parent
    .command('pin')
    .description('show what a request of a machine would do, and give the PIN that allows it')
    .argument('<code>', 'the request code that the machine shows')
    .addOption(operatorKeyOption())
    .action(async (code: string, options: OperatorKeyOption, command: Command) => {
      const given = await withVault(command, async (vault) => {
        const { issuePin } = await import('../../vault/pins/issue-pin.ts')
        return await issuePin(vault, code, (described, digest) =>
          agree(vault, wantedPin(described, digest), options),
        )
      })
      output.event({ event: 'pin', ...given })
      output.line(`${printable(given.machine)} of vault ${given.vault} asks to ${given.allows}:`)
      for (const detail of given.details) output.line(`  ${detail}`)
      output.line('')
      output.line(`PIN: ${given.pin}`)
      output.note(`Good for this request alone, once, until ${timeText(given.expiresAt)}.`)
      output.note('If nobody you know asked for it, give it to nobody, and look at that machine.')
    })
}

const wantedPin = (described: DescribedRequest, digest: string): Wanted => ({
  operation: 'pin',
  subject: digest,
  text: textOf(
    `give ${described.machine} of vault ${described.vault} a PIN to ${described.allows}`,
    described.details,
  ),
})
