/** `backup-vault hold set|clear|list`: what is on hold neither expires nor can be deleted. */

import type { Command } from 'commander'
import { textOf, type Wanted } from '../../vault/approvals/request.ts'
import type { OpenVault } from '../../vault/open.ts'
import { listHolds } from '../../vault/catalog/holds.ts'
import { listMachines } from '../../vault/catalog/machines.ts'
import {
  clearHold,
  holdPlace,
  setHold,
  type HoldPlace,
  type HoldWords,
} from '../../vault/operator/holds.ts'
import { oneMachine } from '../../vault/operator/machines.ts'
import { tableLines } from '../render/table.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addHold(parent: Command, context: CommandContext): void {
  const hold = parent.command('hold').description('keep points whatever happens to them otherwise')
  addSet(hold, context)
  addClear(hold, context)
  addList(hold, context)
}

interface SetOptions extends HoldWords {
  readonly note?: string
}

function addSet(hold: Command, { output }: CommandContext): void {
  placed(hold.command('set').description('nothing of it expires or can be deleted from now on'))
    .option('--note <text>', 'why: shown with the hold')
    .action(async (name: string, options: SetOptions, command: Command) => {
      const place = await withVault(command, async (vault) => {
        const found = await placeOf(vault, name, options)
        await setHold(vault, found, options.note ?? '')
        return found
      })
      output.event({ event: 'hold-set', ...factsOf(place) })
      output.line(`${textOfPlace(place)} is on hold.`)
    })
}

function addClear(hold: Command, { output }: CommandContext): void {
  placed(
    hold
      .command('clear')
      .description('end a hold: its points expire as their policy says')
      .addOption(operatorKeyOption()),
  ).action(async (name: string, options: ClearOptions, command: Command) => {
    const place = await withVault(command, async (vault) => {
      const found = await placeOf(vault, name, options)
      await agree(vault, clearing(found), options)
      await clearHold(vault, found)
      return found
    })
    output.event({ event: 'hold-cleared', ...factsOf(place) })
    output.line(`${textOfPlace(place)} is no longer on hold.`)
  })
}

interface ClearOptions extends HoldWords, OperatorKeyOption {}

const clearing = (place: HoldPlace): Wanted => ({
  operation: 'hold-clear',
  subject: [place.machine.id, place.source ?? '', place.seq ?? ''].join(' '),
  text: textOf(`end the hold on ${textOfPlace(place)}`),
})

const placed = (command: Command): Command =>
  command
    .argument('<machine>', 'its name, or the beginning of its id')
    .option('--source <name>', 'only points of this source')
    .option('--point <id>', 'only this point: the beginning of its id')

async function placeOf(vault: OpenVault, name: string, words: HoldWords): Promise<HoldPlace> {
  const machine = await oneMachine(vault, { machine: name, also: ['retired', 'deleted'] })
  return await holdPlace(vault, machine, words)
}

const factsOf = ({ machine, source, seq }: HoldPlace) => ({
  machine: machine.name,
  machineId: machine.id,
  source: source ?? null,
  seq: seq ?? null,
})

const textOfPlace = ({ machine, source, seq }: HoldPlace): string =>
  source === undefined
    ? machine.name
    : `${machine.name}, source ${source}${seq === undefined ? '' : `, point ${seq}`}`

function addList(hold: Command, { output }: CommandContext): void {
  hold
    .command('list')
    .description('list the holds')
    .action(async (_options: unknown, command: Command) => {
      const rows = await withVault(command, readHolds)
      for (const row of rows) output.event({ event: 'hold', ...row })
      if (rows.length === 0) output.note('Nothing is on hold.')
      else tableLines(rows, columns).forEach(output.line)
    })
}

async function readHolds(vault: OpenVault) {
  const machines = await listMachines(vault.catalog)
  const holds = await listHolds(vault.catalog)
  return holds.map(({ machineId, source, seq, note, setAt }) => ({
    machineId,
    machine: machines.find(({ id }) => id === machineId)?.name ?? machineId,
    source: source === '' ? null : source,
    seq: seq === 0 ? null : seq,
    note,
    setAt,
  }))
}

type Row = Awaited<ReturnType<typeof readHolds>>[number]

const columns = [
  { title: 'MACHINE', cell: (row: Row) => row.machine },
  { title: 'SOURCE', cell: (row: Row) => row.source ?? 'all' },
  { title: 'POINT', cell: (row: Row) => (row.seq === null ? 'all' : String(row.seq)) },
  { title: 'SINCE', cell: (row: Row) => timeText(row.setAt) },
  { title: 'NOTE', cell: (row: Row) => row.note || '-' },
]
