/** What only the vault's operator can allow: a request code first, then the same again with the PIN. */

import { BackupError } from '../../base/errors.ts'
import { pinRequiredFactsSchema } from '../../protocol/messages.ts'
import type { CommandContext } from './context.ts'
import { askPlain } from './prompt.ts'

/**
 * On a terminal the PIN is asked for; else the code is the result, and the command is repeated with --pin.
 * `nothingYet`: what was not done yet, a sentence. @throws BackupError `pin-required`, `pin-refused`
 */
export async function withPin<T>(
  context: CommandContext,
  given: { readonly pin: string | undefined; readonly nothingYet: string },
  ask: (pin: string | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await ask(given.pin)
  } catch (error) {
    const requestCode = codeOf(error)
    if (requestCode === undefined) throw error
    context.output.event({ event: 'pin-required', requestCode })
    context.output.line(`Request code: ${requestCode}`)
    if (context.host.stdin.isTTY !== true || context.output.json) {
      throw codeOnly(given.nothingYet, requestCode)
    }
    context.output.note(`The vault's operator gets the PIN with: backup-vault pin ${requestCode}`)
    return await ask((await askPlain(context, 'PIN: ', '--pin PIN')).trim())
  }
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof BackupError) || error.code !== 'pin-required') return undefined
  const facts = pinRequiredFactsSchema.safeParse(error.facts)
  return facts.success ? facts.data.requestCode : undefined
}

const codeOnly = (nothingYet: string, requestCode: string): BackupError =>
  new BackupError('pin-required', `${nothingYet}: this needs a security PIN.`, {
    hint: `The vault's operator gets it with backup-vault pin ${requestCode}; then repeat this command with --pin PIN.`,
    facts: { requestCode },
  })
