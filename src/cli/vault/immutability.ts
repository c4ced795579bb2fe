/** `backup-vault immutability VAULT [off|on|lock]` */

import { Argument, type Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { setImmutability } from '../../vault/operator/immutability.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

const words = { off: 'off', on: 'on', lock: 'locked' } as const
type Word = keyof typeof words

interface Wanted {
  readonly name: string
  readonly word: Word | undefined
  readonly confirmed: string | undefined
}

export function addImmutability(program: Command, { output }: CommandContext): void {
  program
    .command('immutability')
    .description('show or say whether anything in a vault can be deleted before its time')
    .argument('<vault>')
    .addArgument(new Argument('[state]', 'lock can not be taken back').choices(Object.keys(words)))
    .option('--confirm <vault>', "for lock: the vault's name again")
    .action(
      async (name: string, word: Word | undefined, { confirm }: Options, command: Command) => {
        const wanted = { name, word, confirmed: confirm }
        const immutability = await withVault(command, (vault) => change(vault, wanted))
        output.event({ event: 'immutability', vault: name, immutability })
        output.line(`${name}: ${texts[immutability]}`)
      },
    )
}

interface Options {
  readonly confirm?: string
}

const texts = {
  off: 'off. Points are locked until the floors of their tags; a PIN deletes others early.',
  on: 'on. No PIN deletes or shortens anything before its time; immutability off ends that.',
  locked: 'locked. Nothing is deleted or shortened before its time, and nothing ends that.',
} as const

async function change(vault: OpenVault, { name, word, confirmed }: Wanted) {
  const found = await vaultNamed(vault.catalog, name)
  if (word === 'lock' && found.immutability !== 'locked' && confirmed !== name) {
    throw new BackupError(
      'usage',
      `Locking ${name} can not be taken back; it has to be confirmed.`,
      {
        hint: `Add --confirm ${name}.`,
      },
    )
  }
  if (word !== undefined) await setImmutability(vault, found, words[word])
  return (await vaultNamed(vault.catalog, name)).immutability
}
