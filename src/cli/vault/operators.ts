/** `backup-vault operators keygen|add|list|remove` */

import type { Command } from 'commander'
import { systemRandom, toBase64Url } from '../../base/bytes.ts'
import { makeOperatorKey, parsePublicKey } from '../../vault/approvals/operator-key.ts'
import { textOf } from '../../vault/approvals/request.ts'
import { listOperators, type Operator } from '../../vault/catalog/operators.ts'
import type { OpenVault } from '../../vault/open.ts'
import {
  addNewOperator,
  checkNewOperator,
  operatorNamed,
  removeOperatorNamed,
  type NewOperator,
} from '../../vault/operator/operators.ts'
import { tableLines } from '../render/table.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { checkNewFile, writeNewFile } from './new-file.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addOperators(parent: Command, context: CommandContext): void {
  const operators = parent
    .command('operators')
    .description('people with keys: from two on, what destroys needs two of them')
  addKeygen(operators, context)
  addAdd(operators, context)
  addList(operators, context)
  addRemove(operators, context)
}

function addKeygen(operators: Command, { output }: CommandContext): void {
  operators
    .command('keygen')
    .description('make a key for yourself, on a machine of your own')
    .requiredOption('--out <file>', 'where to write it; only you can read the file')
    .action(async ({ out }: { out: string }) => {
      await checkNewFile(out, false)
      const { publicKey, bytes } = makeOperatorKey(systemRandom)
      await writeNewFile(out, bytes, false)
      const shown = toBase64Url(publicKey)
      output.event({ event: 'operator-key', file: out, publicKey: shown })
      output.line(`Wrote ${out}. Its public key: ${shown}`)
      output.note(`At the vault: backup-vault operators add NAME --public-key=${shown}`)
    })
}

interface AddOptions extends OperatorKeyOption {
  readonly publicKey: string
}

function addAdd(operators: Command, { output }: CommandContext): void {
  operators
    .command('add')
    .description('who has that key is an operator from now on')
    .argument('<name>')
    .requiredOption('--public-key <key>', 'as operators keygen shows it')
    .addOption(operatorKeyOption())
    .action(async (name: string, options: AddOptions, command: Command) => {
      const wanted = { name, publicKey: parsePublicKey(options.publicKey) }
      const count = await withVault(command, (vault) => addOne(vault, wanted, options))
      output.event({ event: 'operator-added', name, operators: count })
      output.line(`${name} is an operator.`)
      output.note(noteFor(count))
    })
}

async function addOne(vault: OpenVault, wanted: NewOperator, options: OperatorKeyOption) {
  await checkNewOperator(vault, wanted)
  const key = toBase64Url(wanted.publicKey)
  const request = { operation: 'operator-add', subject: `${wanted.name} ${key}` } as const
  const text = textOf(`make ${wanted.name} an operator, with the key ${key}`)
  await agree(vault, { ...request, text }, options)
  await addNewOperator(vault, wanted)
  return (await listOperators(vault.catalog)).length
}

function addRemove(operators: Command, { output }: CommandContext): void {
  operators
    .command('remove')
    .description('what that key has signed counts no more')
    .argument('<name>')
    .addOption(operatorKeyOption())
    .action(async (name: string, options: OperatorKeyOption, command: Command) => {
      const count = await withVault(command, (vault) => removeOne(vault, name, options))
      output.event({ event: 'operator-removed', name, operators: count })
      output.line(`${name} is no operator any more.`)
      output.note(noteFor(count))
    })
}

async function removeOne(vault: OpenVault, name: string, options: OperatorKeyOption) {
  const { publicKey } = await operatorNamed(vault, name)
  const key = toBase64Url(publicKey)
  const request = { operation: 'operator-remove', subject: `${name} ${key}` } as const
  await agree(vault, { ...request, text: textOf(`remove the operator ${name}`) }, options)
  await removeOperatorNamed(vault, name)
  return (await listOperators(vault.catalog)).length
}

function noteFor(count: number): string {
  if (count < 2) return 'With fewer than two operators whoever runs backup-vault acts alone.'
  if (count > 2) return `What destroys needs two of the ${count} operators.`
  return 'What destroys needs both operators from now on. Add a third: if one of two keys is lost, nobody can.'
}

function addList(operators: Command, { output }: CommandContext): void {
  operators
    .command('list')
    .description('list the operators')
    .action(async (_options: unknown, command: Command) => {
      const rows = await withVault(command, (vault) => listOperators(vault.catalog))
      for (const { name, publicKey, addedAt } of rows) {
        output.event({ event: 'operator', name, publicKey: toBase64Url(publicKey), addedAt })
      }
      if (rows.length > 0) tableLines(rows, columns).forEach(output.line)
      output.note(noteFor(rows.length))
    })
}

const columns = [
  { title: 'OPERATOR', cell: (row: Operator) => row.name },
  { title: 'SINCE', cell: (row: Operator) => timeText(row.addedAt) },
  { title: 'PUBLIC KEY', cell: (row: Operator) => toBase64Url(row.publicKey) },
]
