/** The command `backup`: from the arguments to the exit status. */

import { BackupError, type ExitName } from '../../base/errors.ts'
import { forbidCoreFiles } from '../../agent/system/no-core-files.ts'
import { outputOptions, runCommand } from '../render/command-line.ts'
import { doneRecord } from '../render/exit.ts'
import { createOutput } from '../render/output.ts'
import type { Host } from './context.ts'
import { createProgram } from './program.ts'
import { loggedHost } from './unattended.ts'

/** Ends when all is done and written; the caller makes the result the exit status. */
export async function main(process: Host): Promise<number> {
  forbidCoreFiles(process.platform)
  const host = loggedHost(process)
  const output = createOutput(outputOptions(host.argv.slice(2)), host)
  const { signal, release } = signalOf(host)
  let end: ExitName = 'done'
  const context = { host, output, signal, endAs: (name: ExitName) => (end = name) }
  try {
    return await runCommand(output, 'backup', async () => {
      const program = await createProgram(context)
      await program.parseAsync([...host.argv])
      return doneRecord(end)
    })
  } finally {
    release()
  }
}

/** The first signal stops cleanly; a second one finds Node's own handling again, and ends the process. */
function signalOf(host: Host): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const stop = (code: 'interrupted' | 'terminated', message: string) => () => {
    release()
    controller.abort(new BackupError(code, message))
  }
  const onInterrupt = stop(
    'interrupted',
    'Interrupted. What was sent is kept and used by the next run.',
  )
  const onTerminate = stop(
    'terminated',
    'Terminated. What was sent is kept and used by the next run.',
  )
  const release = () => {
    host.off('SIGINT', onInterrupt)
    host.off('SIGTERM', onTerminate)
  }
  host.on('SIGINT', onInterrupt)
  host.on('SIGTERM', onTerminate)
  return { signal: controller.signal, release }
}
