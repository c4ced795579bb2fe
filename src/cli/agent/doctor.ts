/** `backup doctor`: looks at all that a backup needs, and says what to do about what is not right. */

import type { Command } from 'commander'
import { BackupError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { CommandContext } from './context.ts'
import { checksOf, type Check } from './doctor-checks.ts'
import { stateOf } from './state-of.ts'

interface Diagnosis {
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  readonly hint?: string | undefined
}

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('check all that a backup needs, and say what to do about what is not right')
    .action(() => doctor(context))
}

async function doctor(context: CommandContext): Promise<void> {
  const usable = new Set<string>()
  let failures = 0
  for (const check of checksOf(context, stateOf(context.host))) {
    context.signal.throwIfAborted()
    const diagnosis = await diagnose(check, usable)
    if (diagnosis.outcome === 'ok' || diagnosis.outcome === 'warning') usable.add(check.name)
    if (diagnosis.outcome === 'failed') failures++
    say(context, check, diagnosis)
  }
  if (failures > 0) context.endAs('failed')
}

async function diagnose(check: Check, usable: ReadonlySet<string>): Promise<Diagnosis> {
  const lacking = check.needs.find((name) => !usable.has(name))
  if (lacking !== undefined) return { outcome: 'skipped', message: `needs: ${lacking}` }
  try {
    return await check.look()
  } catch (error) {
    const hint = error instanceof BackupError ? error.hint : systemHint(error)
    return { outcome: 'failed', message: messageOf(error), hint }
  }
}

const systemHint = (error: unknown): string | undefined =>
  systemCodeOf(error) === undefined
    ? undefined
    : 'Look at the path, its owner and permissions, and whether its disk is mounted to be written to.'

const marks: Readonly<Record<Diagnosis['outcome'], string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  failed: 'FAILED  ',
  skipped: 'skipped ',
}

function say(
  { output }: CommandContext,
  { name }: Check,
  { outcome, message, hint }: Diagnosis,
): void {
  output.event({ event: 'check', name, outcome, message, hint: hint ?? null })
  output.line(`${marks[outcome]} ${name.padEnd(12)}  ${message}`)
  if (hint !== undefined) output.line(`${' '.repeat(23)}${hint}`)
}
