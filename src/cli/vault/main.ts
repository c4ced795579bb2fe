/** The command `backup-vault`: from the arguments to the exit status. */

import { CommanderError } from 'commander'
import { exitStatus } from '../../base/errors.ts'
import { doneRecord, exitRecordOf, sayExit, type ExitRecord } from '../render/exit.ts'
import { createOutput, type Output } from '../render/output.ts'
import type { Host } from './context.ts'
import { createProgram } from './program.ts'

/** Ends when all is done and written; the caller makes the result the exit status. */
export async function main(host: Host): Promise<number> {
  const output = createOutput(outputOptions(host.argv.slice(2)), host)
  try {
    await createProgram({ host, output }).parseAsync([...host.argv])
    return sayExit(output, doneRecord())
  } catch (error) {
    if (error instanceof CommanderError) return sayExit(output, usageRecord(error, output))
    return sayExit(output, exitRecordOf(error), error)
  }
}

/** Read before anything is parsed, so that wrong usage is told in the form that was asked for. */
function outputOptions(words: readonly string[]) {
  const end = words.indexOf('--')
  const given = new Set(end < 0 ? words : words.slice(0, end))
  return {
    json: given.has('--json'),
    quiet: given.has('--quiet') || given.has('-q'),
    verbose: given.has('--verbose') || given.has('-v'),
  }
}

/** Help and version are no failures. To people commander has told the rest already. */
function usageRecord(error: CommanderError, output: Output): ExitRecord {
  if (error.exitCode === 0) return doneRecord()
  const message = error.message.replace(/^error: /, '')
  return {
    event: 'exit',
    code: exitStatus.usage,
    name: 'usage',
    message: output.json ? message : null,
    hint: 'backup-vault --help shows what can be said.',
    error: 'usage',
  }
}
