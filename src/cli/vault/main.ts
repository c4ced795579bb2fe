/** The command `backup-vault`: from the arguments to the exit status. */

import { runCommand, outputOptions } from '../render/command-line.ts'
import { doneRecord } from '../render/exit.ts'
import { createOutput } from '../render/output.ts'
import type { Host } from './context.ts'
import { createProgram } from './program.ts'

/** Ends when all is done and written; the caller makes the result the exit status. */
export async function main(host: Host): Promise<number> {
  const output = createOutput(outputOptions(host.argv.slice(2)), host)
  return await runCommand(output, 'backup-vault', async () => {
    await createProgram({ host, output }).parseAsync([...host.argv])
    return doneRecord()
  })
}
