/** `backup-vault init --address HOST:PORT`, `init --from IDENTITY`, and `init --identity-out FILE` for a service that is there. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { directoryOf, type CommandContext } from './context.ts'
import type { InitOptions } from './init-steps.ts'

export function addInit(parent: Command, { output }: CommandContext): void {
  parent
    .command('init')
    .description('make a new service, or bring one back from its identity file')
    .option('--address <host:port>', 'where machines find this service')
    .option('--names <names>', 'further names of it, separated by commas')
    .option(
      '--identity-out <file>',
      'write its identity, sealed under the passphrase; alone: that of the service that is there',
    )
    .option('--from <identity>', 'bring back the service of this identity file')
    .option('--passphrase-file <file>', 'the passphrase of the identity file')
    .action(async (options: InitOptions, command: Command) => {
      checkUsage(options)
      const { bringBack, makeNew, writeIdentity } = await import('./init-steps.ts')
      const target = { directory: directoryOf(command), output }
      if (options.from !== undefined) await bringBack(target, options)
      else if (options.address !== undefined) await makeNew(target, options)
      else await writeIdentity(target, options)
    })
}

function checkUsage(options: InitOptions): void {
  const { address, from, identityOut, passphraseFile } = options
  if (from === undefined && address === undefined && identityOut === undefined) {
    throw usage('Say where machines will find the service: --address HOST:PORT.')
  }
  if (from !== undefined && identityOut !== undefined) {
    throw usage('--from goes without --identity-out.')
  }
  if ((passphraseFile === undefined) !== ((from ?? identityOut) === undefined)) {
    throw usage('--passphrase-file goes with --from or --identity-out, and they with it.')
  }
}

const usage = (message: string): BackupError => new BackupError('usage', message)
