/** `backup-vault init --address HOST:PORT` and `backup-vault init --from IDENTITY` */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { readBounded } from '../../base/files.ts'
import {
  maxIdentityFileBytes,
  openIdentity,
  sealIdentity,
} from '../../vault/authority/identity-file.ts'
import { formatAddress, parseAddress, parseNames } from '../../vault/operator/address.ts'
import { makeIdentity, placeIdentity } from '../../vault/operator/init.ts'
import { setAddress } from '../../vault/operator/vaults.ts'
import { directoryOf, type CommandContext } from './context.ts'
import { checkNewFile, writeNewFile } from './new-file.ts'
import { readPassphrase } from './passphrase.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly address?: string
  readonly names?: string
  readonly from?: string
  readonly passphraseFile?: string
  readonly identityOut?: string
}

const surroundings = { clock: systemClock, random: systemRandom }

export function addInit(parent: Command, context: CommandContext): void {
  parent
    .command('init')
    .description('make a new service, or bring one back from its identity file')
    .option('--address <host:port>', 'where machines find this service')
    .option('--names <names>', 'further names of it, separated by commas')
    .option(
      '--identity-out <file>',
      'write its identity, sealed under the passphrase, to be kept elsewhere',
    )
    .option('--from <identity>', 'bring back the service of this identity file')
    .option('--passphrase-file <file>', 'the passphrase of the identity file')
    .action(async (options: Options, command: Command) => {
      if (options.from === undefined) await makeNew(context, options, command)
      else await bringBack(context, { ...options, from: options.from }, command)
    })
}

async function makeNew(
  { output }: CommandContext,
  options: Options,
  command: Command,
): Promise<void> {
  if (options.address === undefined) {
    throw new BackupError('usage', 'Say where machines will find the service: --address HOST:PORT.')
  }
  const address = parseAddress(options.address)
  const seal = await sealFor(options)
  const names = options.names === undefined ? [] : parseNames(options.names)
  const identity = await makeIdentity(names, surroundings)
  await placeIdentity(directoryOf(command), identity, 'new')
  await withVault(command, (vault) => setAddress(vault, address))
  if (seal !== undefined) {
    await writeNewFile(
      seal.path,
      await sealIdentity(identity, seal.passphrase, systemRandom),
      false,
    )
  }
  const { serviceId } = identity
  output.event({ event: 'initialized', serviceId, identity: seal?.path ?? null, ...address })
  output.line(
    `Made a vault service in ${directoryOf(command)}, found at ${formatAddress(address)}.`,
  )
  if (seal === undefined) output.warn(noIdentityFile)
  else output.note(`Keep ${seal.path} and its passphrase apart from this machine.`)
  output.note('Next: backup-vault vault create NAME')
}

const noIdentityFile =
  'WARNING: no identity file was written. If this directory is lost, no machine will trust the service again.\n' +
  'Keep a copy of authority.json in a safe place, or make the service again with --identity-out FILE --passphrase-file F.'

/** Both are looked at before anything is made. */
async function sealFor(options: Options) {
  if (options.identityOut === undefined && options.passphraseFile === undefined) return undefined
  if (options.identityOut === undefined || options.passphraseFile === undefined) {
    throw new BackupError('usage', '--identity-out and --passphrase-file go together.')
  }
  await checkNewFile(options.identityOut, false)
  return { path: options.identityOut, passphrase: await readPassphrase(options.passphraseFile) }
}

async function bringBack(
  { output }: CommandContext,
  options: Options & { readonly from: string },
  command: Command,
): Promise<void> {
  if (options.passphraseFile === undefined || options.identityOut !== undefined) {
    throw new BackupError(
      'usage',
      '--from needs --passphrase-file, and goes without --identity-out.',
    )
  }
  const address = options.address === undefined ? undefined : parseAddress(options.address)
  const passphrase = await readPassphrase(options.passphraseFile)
  const sealed = await readBounded(options.from, maxIdentityFileBytes)
  const identity = await openIdentity(sealed, passphrase)
  const names = options.names === undefined ? identity.names : parseNames(options.names)
  await placeIdentity(directoryOf(command), { ...identity, names }, 'brought-back')
  if (address !== undefined) await withVault(command, (vault) => setAddress(vault, address))
  output.event({ event: 'brought-back', serviceId: identity.serviceId })
  output.line(`The service ${identity.serviceId} is back in ${directoryOf(command)}.`)
  output.note(
    'Its objects/ and copies/ folders belong beside it; then: backup-vault rebuild-catalog',
  )
}
