/** `backup-vault clock show|confirm` */

import type { Command } from 'commander'
import { textOf, type Wanted } from '../../vault/approvals/request.ts'
import type { OpenVault } from '../../vault/open.ts'
import { readClock, type ClockJump } from '../../vault/catalog/clock.ts'
import { confirmTime, sightClock } from '../../vault/clock/vault-time.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addClock(parent: Command, context: CommandContext): void {
  const clock = parent.command('clock').description('whether the clock is believed; confirm it')
  addShow(clock, context)
  addConfirm(clock, context)
}

function addShow(clock: Command, { output }: CommandContext): void {
  clock
    .command('show', { isDefault: true })
    .description('what this machine says, and when it was last believed')
    .action(async (_options: unknown, command: Command) => {
      const { nowMs, seenAt, jump } = await withVault(command, readTimes)
      const state = jump === undefined ? 'believed' : 'suspended'
      output.event({ event: 'clock', state, clockAt: nowMs, seenAt: seenAt ?? null })
      output.line(`Clock:          ${timeText(nowMs)}`)
      output.line(`Last believed:  ${timeText(seenAt ?? null)}`)
      if (jump === undefined) return
      output.line(`It jumped from ${timeText(jump.seenAt)} to ${timeText(jump.clockAt)}.`)
      output.note('Nothing expires until: backup-vault clock confirm')
    })
}

const readTimes = async (vault: OpenVault) => ({
  nowMs: vault.clock.now(),
  ...(await readClock(vault.catalog)),
})

function addConfirm(clock: Command, { output }: CommandContext): void {
  clock
    .command('confirm')
    .description('the clock of this machine is right now: points may expire by it again')
    .addOption(operatorKeyOption())
    .action(async (options: OperatorKeyOption, command: Command) => {
      const { jump, nowMs } = await withVault(command, async (vault) => {
        await sightClock(vault)
        const { jump: waiting } = await readClock(vault.catalog)
        if (waiting !== undefined) await agree(vault, believing(waiting), options)
        return { jump: await confirmTime(vault), nowMs: vault.clock.now() }
      })
      output.event({ event: 'clock-confirmed', clockAt: nowMs, jump: jump ?? null })
      if (jump === undefined) output.line('The clock is believed already: nothing to confirm.')
      else output.line(`${timeText(nowMs)} is confirmed. Points expire by it from now on.`)
    })
}

const believing = ({ seenAt, clockAt }: ClockJump): Wanted => ({
  operation: 'clock-confirm',
  subject: `${seenAt} ${clockAt}`,
  text: textOf(`believe the clock, which jumped from ${timeText(seenAt)} to ${timeText(clockAt)}`),
})
