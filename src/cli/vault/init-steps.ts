/** What `backup-vault init` does, in its three forms. */

import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { readBounded } from '../../base/files.ts'
import {
  maxIdentityFileBytes,
  openIdentity,
  sealIdentity,
} from '../../vault/authority/identity-file.ts'
import { readIdentity, type ServiceIdentity } from '../../vault/authority/identity.ts'
import { openVault } from '../../vault/open.ts'
import { formatAddress, parseAddress, parseNames } from '../../vault/operator/address.ts'
import { makeIdentity, placeIdentity } from '../../vault/operator/init.ts'
import { setAddress } from '../../vault/operator/vaults.ts'
import type { Output } from '../render/output.ts'
import { checkNewFile, writeNewFile } from './new-file.ts'
import { readPassphrase } from './passphrase.ts'

export interface InitOptions {
  readonly address?: string
  readonly names?: string
  readonly from?: string
  readonly passphraseFile?: string
  readonly identityOut?: string
}

interface Target {
  readonly directory: string
  readonly output: Output
}

const surroundings = { clock: systemClock, random: systemRandom }

export async function makeNew(target: Target, options: InitOptions): Promise<void> {
  const { directory, output } = target
  const address = parseAddress(options.address ?? '')
  const keep = await identityWriter(options)
  const identity = await makeIdentity(namesIn(options), surroundings)
  await placeIdentity(directory, identity, 'new')
  await saveAddress(target, options)
  await keep?.(identity)
  const { serviceId } = identity
  const written = options.identityOut ?? null
  output.event({ event: 'initialized', serviceId, identity: written, ...address })
  output.line(`Made a vault service in ${directory}, found at ${formatAddress(address)}.`)
  if (written === null) output.warn(noIdentityFile)
  else output.note(keepItApart(written))
  output.note('Next: backup-vault vault create NAME')
}

export async function writeIdentity(
  { directory, output }: Target,
  options: InitOptions,
): Promise<void> {
  const keep = await identityWriter(options)
  const identity = await readIdentity(directory)
  await keep?.(identity)
  const written = options.identityOut ?? ''
  output.event({ event: 'identity', serviceId: identity.serviceId, identity: written })
  output.line(`Wrote the identity of the service in ${directory} to ${written}.`)
  output.note(keepItApart(written))
}

export async function bringBack(target: Target, options: InitOptions): Promise<void> {
  const { directory, output } = target
  if (options.address !== undefined) parseAddress(options.address)
  const passphrase = await readPassphrase(options.passphraseFile ?? '')
  const sealed = await readBounded(options.from ?? '', maxIdentityFileBytes)
  const opened = await openIdentity(sealed, passphrase)
  const names = options.names === undefined ? opened.names : namesIn(options)
  await placeIdentity(directory, { ...opened, names }, 'brought-back')
  if (options.address !== undefined) await saveAddress(target, options)
  output.event({ event: 'brought-back', serviceId: opened.serviceId })
  output.line(`The service ${opened.serviceId} is back in ${directory}.`)
  output.note('Its objects/ and copies/ belong beside it; then: backup-vault rebuild-catalog')
}

const namesIn = ({ names }: InitOptions): string[] => (names === undefined ? [] : parseNames(names))

async function saveAddress({ directory }: Target, options: InitOptions): Promise<void> {
  const vault = await openVault(directory, surroundings)
  try {
    await setAddress(vault, parseAddress(options.address ?? ''))
  } finally {
    await vault.close()
  }
}

/** File and passphrase are looked at before anything is made. */
async function identityWriter({ identityOut, passphraseFile }: InitOptions) {
  if (identityOut === undefined || passphraseFile === undefined) return undefined
  await checkNewFile(identityOut, false)
  const passphrase = await readPassphrase(passphraseFile)
  return async (identity: ServiceIdentity) =>
    writeNewFile(identityOut, await sealIdentity(identity, passphrase, systemRandom), false)
}

const keepItApart = (path: string): string =>
  `Keep ${path} and its passphrase apart from this machine: with them the service can be brought back.`

const noIdentityFile =
  'WARNING: no identity file was written. If this directory is lost, no machine will trust the service again.\n' +
  'Write one, and keep it elsewhere: backup-vault init --identity-out FILE --passphrase-file F'
