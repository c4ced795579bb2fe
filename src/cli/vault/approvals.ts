/** `backup-vault approvals list|show|approve`: what operators ask of each other. */

import type { Command } from 'commander'
import { toHex } from '../../base/bytes.ts'
import { approve, oneApproval } from '../../vault/approvals/approve.ts'
import { digestOfRequest } from '../../vault/approvals/request.ts'
import { stateOf } from '../../vault/approvals/state.ts'
import { listApprovals, type Approval } from '../../vault/catalog/operators.ts'
import type { OpenVault } from '../../vault/open.ts'
import { tableLines } from '../render/table.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { readOperatorKey } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addApprovals(parent: Command, context: CommandContext): void {
  const approvals = parent
    .command('approvals')
    .description('what an operator asks for, and a second one allows')
  addList(approvals, context)
  addShow(approvals, context)
  addApprove(approvals, context)
}

function shownOf(vault: OpenVault, approval: Approval) {
  const { id, operation, subject, text, askedBy, askedAt, expiresAt } = approval
  return {
    ...{ id, operation, subject, text, askedBy, askedAt, expiresAt },
    approvedBy: approval.approvedBy,
    digest: toHex(digestOfRequest(vault.authority.serviceId, approval)),
    state: stateOf(approval, vault.clock.now()),
  }
}

type Shown = ReturnType<typeof shownOf>

function addList(approvals: Command, { output }: CommandContext): void {
  approvals
    .command('list')
    .description('list what waits for a second operator, and what may run')
    .option('--all', 'what is over too')
    .action(async ({ all }: { all?: true }, command: Command) => {
      const known = await withVault(command, async (vault) =>
        (await listApprovals(vault.catalog)).map((one) => shownOf(vault, one)),
      )
      const rows = known.filter(({ state }) => all ?? ['waits', 'approved'].includes(state))
      for (const row of rows) output.event({ event: 'approval', ...row })
      if (rows.length === 0) output.note('Nothing waits for a second operator.')
      else tableLines(rows, columns).forEach(output.line)
    })
}

const columns = [
  { title: 'ID', cell: (row: Shown) => row.id.slice(0, 12) },
  { title: 'STATE', cell: (row: Shown) => row.state },
  { title: 'ASKED BY', cell: (row: Shown) => row.askedBy },
  { title: 'UNTIL', cell: (row: Shown) => timeText(row.expiresAt) },
  { title: 'WHAT', cell: (row: Shown) => row.text.split('\n')[0] ?? '' },
]

function addShow(approvals: Command, { output }: CommandContext): void {
  approvals
    .command('show')
    .description('show what exactly a request would do')
    .argument('<id>', 'the beginning of its id')
    .action(async (id: string, _options: unknown, command: Command) => {
      const shown = await withVault(command, async (vault) =>
        shownOf(vault, await oneApproval(vault, id)),
      )
      output.event({ event: 'approval', ...shown })
      linesOf(shown).forEach(output.line)
    })
}

const linesOf = (shown: Shown): string[] => [
  `${shown.askedBy} asks to ${shown.text}`,
  '',
  `State:     ${shown.state}${shown.approvedBy === null ? '' : `, approved by ${shown.approvedBy}`}`,
  `Asked:     ${timeText(shown.askedAt)}, good until ${timeText(shown.expiresAt)}`,
  `Operation: ${shown.operation} ${shown.subject}`,
  `Digest:    ${shown.digest}`,
]

function addApprove(approvals: Command, { output }: CommandContext): void {
  approvals
    .command('approve')
    .description('sign what another operator asks for: he can do it, once')
    .argument('<id>', 'the beginning of its id')
    .requiredOption('--operator-key <file>', 'your key')
    .action(async (id: string, options: { operatorKey: string }, command: Command) => {
      const key = await readOperatorKey(options.operatorKey)
      const shown = await withVault(command, async (vault) =>
        shownOf(vault, await approve(vault, id, key)),
      )
      output.event({ event: 'approved', ...shown })
      linesOf(shown).forEach(output.line)
      output.note(`${shown.askedBy} repeats the command as it was.`)
    })
}
