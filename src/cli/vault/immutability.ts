/** `backup-vault immutability VAULT [off|on|lock]` */

import { Argument, type Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { textOf } from '../../vault/approvals/request.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { setImmutability } from '../../vault/operator/immutability.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

const words = { off: 'off', on: 'on', lock: 'locked' } as const
type Word = keyof typeof words

interface Wanted {
  readonly name: string
  readonly word: Word | undefined
  readonly options: Options
}

export function addImmutability(program: Command, { output }: CommandContext): void {
  program
    .command('immutability')
    .description('show or say whether anything in a vault can be deleted before its time')
    .argument('<vault>')
    .addArgument(new Argument('[state]', 'lock can not be taken back').choices(Object.keys(words)))
    .option('--confirm <vault>', "for lock: the vault's name again")
    .addOption(operatorKeyOption())
    .action(async (name: string, word: Word | undefined, options: Options, command: Command) => {
      const wanted = { name, word, options }
      const immutability = await withVault(command, (vault) => change(vault, wanted))
      output.event({ event: 'immutability', vault: name, immutability })
      output.line(`${name}: ${texts[immutability]}`)
    })
}

interface Options extends OperatorKeyOption {
  readonly confirm?: string
}

const texts = {
  off: 'off. Points are locked until the floors of their tags; a PIN deletes others early.',
  on: 'on. No PIN deletes or shortens anything before its time; immutability off ends that.',
  locked: 'locked. Nothing is deleted or shortened before its time, and nothing ends that.',
} as const

async function change(vault: OpenVault, { name, word, options }: Wanted) {
  const found = await vaultNamed(vault.catalog, name)
  if (word === 'lock' && found.immutability !== 'locked' && options.confirm !== name) {
    throw new BackupError(
      'usage',
      `Locking ${name} can not be taken back; it has to be confirmed.`,
      {
        hint: `Add --confirm ${name}.`,
      },
    )
  }
  if (word === 'off' && found.immutability === 'on') {
    const wanted = { operation: 'immutability-off', subject: found.id } as const
    await agree(vault, { ...wanted, text: textOf(`end the immutability of ${name}`) }, options)
  }
  if (word !== undefined) await setImmutability(vault, found, words[word])
  return (await vaultNamed(vault.catalog, name)).immutability
}
