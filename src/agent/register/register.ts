/** From a credential file to a registered machine: identity, master key, key slot, config; the registration is written last. */

import { hostname } from 'node:os'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { Secret } from '../../base/secret.ts'
import { makeDirectoryDurable, replaceFile } from '../../base/files.ts'
import { utf8 } from '../../base/bytes.ts'
import { createSlot, openSlot } from '../../crypto/slot.ts'
import { decodeSlot } from '../../model/slot.ts'
import { openRepository } from '../../repository/repository.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { Proxy } from '../connection/proxy.ts'
import { connectToVault } from '../connection/vault-connection.ts'
import { monthOf, narrowKey } from '../keys/epochs.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { KeyStoreSettings } from '../state/key-store-state.ts'
import type { AgentState, ProxySettings, Registration } from '../state/state.ts'
import type { AgentCredential } from './credential.ts'
import { enrol, type Enrolled } from './enrol.ts'
import { sealConfig } from './first-config.ts'

export interface RegisterWishes {
  readonly credential: AgentCredential
  readonly machineName: string
  readonly passphrase: Secret
  /** Called before anything is sealed under the passphrase, and not where the vault refuses the registration. */
  readonly keepPassphrase?: () => Promise<void>
  readonly proxy?: Proxy | undefined
  /** Where the master key is to lie: as it is recorded, and opened. */
  readonly keyStore: {
    readonly settings: KeyStoreSettings
    readonly storeOf: (repository: number) => KeyStore
  }
  /** As it is kept for later runs. */
  readonly proxySettings?: ProxySettings | undefined
  /** The machine keeps no master key. */
  readonly hardened?: boolean | undefined
  readonly state: AgentState
  readonly clock: Clock
  readonly random: RandomBytes
  readonly signal?: AbortSignal | undefined
}

/** The registration that was made. Nothing of an earlier one is touched before the new one is complete. */
export async function register(wishes: RegisterWishes): Promise<Registration> {
  const { credential } = wishes.credential
  const { state } = wishes
  await makeDirectoryDurable(state.directory)
  const vault = {
    address: credential.address,
    port: credential.port,
    authorities: [credential.authority],
    proxy: wishes.proxy,
  }
  const enrolled = await enrol(wishes.credential, { ...wishes, vault })
  await wishes.keepPassphrase?.()
  const connection = await connectToVault({
    vault,
    serviceId: credential.serviceId,
    vaultId: credential.vaultId,
    machineId: enrolled.answer.machineId,
    identity: { certificate: enrolled.answer.certificate, key: enrolled.machineKey },
    signal: wishes.signal,
  })
  try {
    const made = await makeRepository(connection, wishes)
    const registration = registrationFor(wishes, enrolled, made.repositoryId)
    const heldKey = narrowKey(made.masterKey, registration)
    await save(state, wishes.keyStore.storeOf(0), { enrolled, made, heldKey, registration })
    heldKey.dispose()
    return registration
  } finally {
    await connection.close()
  }
}

interface MadeRepository {
  readonly masterKey: Secret
  readonly repositoryId: Uint8Array
  readonly slot: Uint8Array
  readonly config: Uint8Array
}

/** Repository 0: slot and config are sent, read back, and opened as a later recovery would. */
async function makeRepository(
  connection: VaultConnection,
  { passphrase, clock, random }: RegisterWishes,
): Promise<MadeRepository> {
  const { vaultId, machineId } = connection.identity
  const existing = await connection.slots(0)
  if (existing.length > 0) return reopen(connection, passphrase)
  const masterKey = new Secret(random(32))
  const repositoryId = random(32)
  const createdMs = clock.now()
  const facts = { vaultId, machineId, repository: 0, repositoryId, slot: 0, createdMs }
  const slot = await createSlot({ passphrase, masterKey }, facts, random)
  const config = sealConfig({ masterKey, repositoryId, repository: 0, createdMs }, random)
  await connection.putSlot(0, 0, slot)
  await connection.putConfig(0, 0, config)
  const stored = await openSlot(decodeSlot(await connection.slot(0, 0)), passphrase)
  if (!stored.equals(masterKey)) {
    throw new BackupError('vault-mismatch', 'The vault gave back another key slot than was sent.')
  }
  await openRepository(connection, { number: 0, repositoryId, heldKey: masterKey })
  return { masterKey, repositoryId, slot, config }
}

/** A registration that broke off after its slot was stored goes on with it, if the passphrase is the same. */
async function reopen(connection: VaultConnection, passphrase: Secret): Promise<MadeRepository> {
  const slot = await connection.slot(0, 0)
  const decoded = decodeSlot(slot)
  const masterKey = await openSlot(decoded, passphrase)
  const { repositoryId } = decoded
  if ((await connection.configs(0)).length === 0) {
    throw new BackupError(
      'state-damaged',
      'An earlier registration of this machine broke off halfway.',
      {
        hint: 'Register under another name with --name; the operator can delete the half-made machine.',
      },
    )
  }
  const config = await connection.config(0, 0)
  await openRepository(connection, { number: 0, repositoryId, heldKey: masterKey })
  return { masterKey, repositoryId, slot, config }
}

function registrationFor(
  { credential: { credential }, proxySettings, keyStore, hardened, clock }: RegisterWishes,
  { answer }: Enrolled,
  repositoryId: Uint8Array,
): Registration {
  return {
    vaultId: credential.vaultId,
    vaultName: answer.vaultName,
    machineId: answer.machineId,
    machineName: answer.machineName,
    serviceId: credential.serviceId,
    address: credential.address,
    port: credential.port,
    authorities: [credential.authority],
    certificate: answer.certificate,
    access: 'full',
    repository: 0,
    repositoryId: toHex(repositoryId),
    config: 0,
    keyStore: keyStore.settings,
    ...(proxySettings && { proxy: proxySettings }),
    ...(hardened && { epoch: 0, hardened: { month: monthOf(clock.now()) } }),
  }
}

async function save(
  state: AgentState,
  keyStore: KeyStore,
  parts: {
    readonly enrolled: Enrolled
    readonly made: MadeRepository
    readonly heldKey: Secret
    readonly registration: Registration
  },
): Promise<void> {
  const { slotCopy, configCopy } = state.paths.keyFiles(0)
  // A keyring may refuse: then the registration that there is goes on.
  if (keyStore.kind === 'os') await keyStore.save(parts.heldKey)
  await state.forget()
  await replaceFile(state.paths.machineKey, utf8(parts.enrolled.machineKey))
  await replaceFile(slotCopy, parts.made.slot)
  if (keyStore.kind !== 'os') await keyStore.save(parts.heldKey)
  await replaceFile(configCopy, parts.made.config)
  await state.registration.save(parts.registration)
  await state.pending.remove()
}

/** The machine's own name, as far as a vault takes it. */
export const usualMachineName = (): string =>
  hostname()
    .replace(/[^\p{L}\p{N} ._-]/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 64) || 'machine'
