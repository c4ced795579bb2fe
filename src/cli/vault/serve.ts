/** `backup-vault serve` */

import { InvalidArgumentError, type Command } from 'commander'
import type { Logger } from 'pino'
import { defaultPort } from '../../protocol/routes.ts'
import type { RunningVault } from '../../vault/service.ts'
import type { Output } from '../render/output.ts'
import type { CommandContext } from './context.ts'
import { untilSignalled } from './signals.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly host: string
  readonly port: number
}

export function addServe(parent: Command, context: CommandContext): void {
  parent
    .command('serve')
    .description('answer machines until SIGINT or SIGTERM; the log goes to standard error')
    .option('--host <host>', 'address to listen on', '0.0.0.0')
    .option('--port <port>', 'port to listen on; 0 picks a free one', parsePort, defaultPort)
    .action((options: Options, command: Command) =>
      withVault(command, (vault) =>
        untilSignalled(context.host, async (signal) => {
          // Every other command starts faster without a web server.
          const { serve } = await import('../../vault/service.ts')
          const messages = await createLog(context)
          const running = await serve(vault, { ...options, messages })
          sayListening(context.output, options, running)
          await aborted(signal)
          await running.close()
        }),
      ),
    )
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It is a number from 0 to 65535.')
}

async function createLog({ host, output }: CommandContext): Promise<Logger> {
  const { pino } = await import('pino')
  const level = output.verbose ? 'debug' : output.quiet ? 'warn' : 'info'
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, host.stderr)
}

function sayListening(output: Output, { host }: Options, { port }: RunningVault): void {
  output.event({ event: 'listening', port })
  output.line(`Listening on ${host} port ${port}.`)
}

/** Being stopped is how a service ends: no failure. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
