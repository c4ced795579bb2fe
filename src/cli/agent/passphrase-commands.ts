/** `backup passphrase …`: all that is about the passphrases of this machine. */

import type { Command } from 'commander'
import type { CommandContext } from './context.ts'
import { addPassphraseChanges } from './passphrase-change.ts'
import { addPassphraseSheet } from './passphrase-sheet.ts'
import { addPassphraseLooks } from './passphrase-slots.ts'

export function addPassphrase(program: Command, context: CommandContext): void {
  const passphrase = program
    .command('passphrase')
    .description('the passphrases that bring this machine back: prove, change, add, remove, print')
  addPassphraseLooks(passphrase, context)
  addPassphraseChanges(passphrase, context)
  addPassphraseSheet(passphrase, context)
}
