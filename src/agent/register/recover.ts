/** A lost machine's points on a bare one: credential and passphrase together give a certificate that reads, and the keys. */

import { fromHex, toBase64Url, toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { makeDirectoryDurable, replaceFile } from '../../base/files.ts'
import { sha256 } from '../../base/hash.ts'
import { signEd25519, signP256 } from '../../crypto/primitives/signature.ts'
import { deriveSlotKeys, openSlotWith, wipeSlotKeys, type SlotKeys } from '../../crypto/slot.ts'
import type { MachineId } from '../../model/ids.ts'
import { decodeSlot, type Slot } from '../../model/slot.ts'
import {
  recoveryFinishAnswerSchema,
  recoveryStartAnswerSchema,
  type RecoveryFinishAnswer,
  type RecoveryStartAnswer,
} from '../../protocol/messages.ts'
import { enrolRoutes } from '../../protocol/routes.ts'
import {
  passphraseProofMessage,
  recoveryMessage,
  recoveryStartMessage,
} from '../../protocol/signed.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import { openRepository } from '../../repository/repository.ts'
import type { Http } from '../connection/http.ts'
import { openEnrolment } from '../connection/open-http.ts'
import type { Proxy } from '../connection/proxy.ts'
import { connectToVault } from '../connection/vault-connection.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { KeyStoreSettings } from '../state/key-store-state.ts'
import type { AgentState, ProxySettings, Registration } from '../state/state.ts'
import { certificateRequest, newMachineKey } from './certificate-request.ts'
import type { AgentCredential } from './credential.ts'
import { learnAuthorities } from './learn-authorities.ts'

export interface RecoverWishes {
  readonly credential: AgentCredential
  readonly passphrase: Secret
  readonly proxy?: Proxy | undefined
  readonly proxySettings?: ProxySettings | undefined
  readonly keyStore: {
    readonly settings: KeyStoreSettings
    readonly storeOf: (repository: number) => KeyStore
  }
  readonly state: AgentState
  /** To become the machine: its certificate is revoked. The PIN, once there is one. */
  readonly takeover?: { readonly pin: string | undefined } | undefined
  readonly random: RandomBytes
  readonly signal?: AbortSignal | undefined
}

/** A registration that reads only, or, after a takeover, that of the machine itself. @throws BackupError `passphrase-wrong`, `too-many-tries`, `credential-*` */
export async function recover(wishes: RecoverWishes): Promise<Registration> {
  const { credential } = wishes.credential
  const { state, signal, proxy } = wishes
  await makeDirectoryDurable(state.directory)
  const vault = {
    address: credential.address,
    port: credential.port,
    authorities: [credential.authority],
    proxy,
  }
  const { http, exporter } = await openEnrolment(vault, credential.serviceId, signal)
  let proven: Proven
  try {
    proven = await prove(http, exporter, wishes)
  } finally {
    await http.close()
  }
  const connection = await connectToVault({
    vault,
    serviceId: credential.serviceId,
    vaultId: credential.vaultId,
    machineId: proven.answer.machineId,
    identity: { certificate: proven.answer.certificate, key: proven.machineKey },
    signal,
  })
  try {
    return await openAndSave(connection, proven, wishes)
  } finally {
    await connection.close()
  }
}

type OfferedSlot = RecoveryStartAnswer['slots'][number]

interface Proven {
  readonly answer: RecoveryFinishAnswer
  readonly machineKey: string
  readonly slot: OfferedSlot
  readonly keys: SlotKeys
}

/** Tries the passphrase on each slot that is offered; each try that fails is counted by the vault. */
async function prove(http: Http, exporter: Uint8Array, wishes: RecoverWishes): Promise<Proven> {
  const machineId = recoveredMachine(wishes.credential)
  const machineKey = await keyFor(wishes, machineId)
  const csr = await certificateRequest(machineKey)
  let failure: unknown
  for (let ordinal = 0, slots = 1; ordinal < slots; ordinal++) {
    const requestId = wishes.random(16)
    const start = await startRecovery(http, exporter, { ...wishes, requestId })
    // The newest repository first: its config holds the keys of those before.
    const offered = [...start.slots].sort((a, b) => b.repository - a.repository)
    slots = offered.length
    const slot = offered[ordinal]
    if (slot === undefined) break
    const salt = fromHex(slot.salt) ?? new Uint8Array(32)
    const keys = await deriveSlotKeys(wishes.passphrase, { ...slot, salt })
    const { takeover } = wishes
    const proof = { exporter, start, slot, keys, csr, machineId, requestId, takeover }
    try {
      const answer = await finishRecovery(http, wishes.credential, proof)
      return { answer, machineKey, slot, keys }
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'passphrase-wrong') throw error
      failure = error
    }
  }
  throw failure
}

/** A PIN is given for one key: a takeover that is asked for again has the same. */
async function keyFor({ state, takeover }: RecoverWishes, machineId: MachineId): Promise<string> {
  if (takeover === undefined) return newMachineKey()
  const waiting = await state.takeover.load()
  if (waiting?.machineId === machineId) return waiting.privateKey
  const privateKey = newMachineKey()
  await state.takeover.save({ machineId, privateKey })
  return privateKey
}

function recoveredMachine({ credential }: AgentCredential): MachineId {
  if (credential.machineId !== null) return credential.machineId
  throw new BackupError(
    'credential-malformed',
    'The vault credential names no machine to recover.',
    {
      hint: 'Ask the operator for: backup-vault credentials VAULT --recover MACHINE --out FILE',
    },
  )
}

async function startRecovery(
  http: Http,
  exporter: Uint8Array,
  { credential: agent, requestId }: RecoverWishes & { readonly requestId: Uint8Array },
): Promise<RecoveryStartAnswer> {
  const { vaultId, serial } = agent.credential
  const message = recoveryStartMessage({ vaultId, serial, requestId, exporter })
  const signature = toBase64Url(signP256(agent.key, '', message))
  const body = { vaultId, serial, requestId: toHex(requestId), signature }
  return http.json(
    { method: 'POST', path: enrolRoutes.recoveryStart, body },
    recoveryStartAnswerSchema,
  )
}

interface Proof {
  readonly exporter: Uint8Array
  readonly start: RecoveryStartAnswer
  readonly slot: OfferedSlot
  readonly keys: SlotKeys
  readonly csr: Uint8Array
  readonly machineId: MachineId
  readonly requestId: Uint8Array
  readonly takeover: RecoverWishes['takeover']
}

async function finishRecovery(
  http: Http,
  { credential, key }: AgentCredential,
  { exporter, start, slot, keys, csr, machineId, requestId, takeover }: Proof,
): Promise<RecoveryFinishAnswer> {
  const { vaultId, serial } = credential
  const { repository, slot: number } = slot
  const nonce = fromHex(start.nonce) ?? new Uint8Array(32)
  const facts = {
    ...{ vaultId, serial, requestId, exporter, machineId, nonce, repository },
    slot: number,
    csrHash: sha256(csr),
  }
  const body = {
    ...{ vaultId, serial, requestId: toHex(requestId), nonce: start.nonce, repository },
    slot: number,
    csr: toBase64Url(csr),
    signature: toBase64Url(signP256(key, '', recoveryMessage(facts))),
    proof: toBase64Url(signEd25519(keys.auth, passphraseProofMessage(facts))),
    ...(takeover && { takeover: { pin: takeover.pin ?? null } }),
  }
  return http.json(
    { method: 'POST', path: enrolRoutes.recoveryFinish, body },
    recoveryFinishAnswerSchema,
  )
}

async function openAndSave(
  connection: VaultConnection,
  { answer, machineKey, slot: offered, keys }: Proven,
  { credential: { credential }, state, proxySettings, keyStore }: RecoverWishes,
): Promise<Registration> {
  const bytes = await connection.slot(offered.repository, offered.slot)
  const slot = ownSlot(decodeSlot(bytes), connection)
  const masterKey = openSlotWith(slot, keys)
  const { repository: number, repositoryId } = slot
  const repository = await openRepository(connection, {
    ...{ number, repositoryId },
    heldKey: masterKey,
  })
  const registration: Registration = {
    vaultId: credential.vaultId,
    vaultName: answer.vaultName,
    machineId: answer.machineId,
    machineName: answer.machineName,
    serviceId: credential.serviceId,
    address: credential.address,
    port: credential.port,
    authorities: [...(await learnAuthorities(connection, [credential.authority]))],
    certificate: answer.certificate,
    ...accessOf(answer),
    repository: number,
    repositoryId: toHex(repositoryId),
    config: repository.config.number,
    keyStore: keyStore.settings,
    ...(proxySettings && { proxy: proxySettings }),
  }
  await replaceFile(state.paths.machineKey, utf8(machineKey))
  const { slotCopy, configCopy } = state.paths.keyFiles(number)
  await replaceFile(slotCopy, bytes)
  const config = await connection.config(number, repository.config.number)
  await replaceFile(configCopy, config)
  await keyStore.storeOf(number).save(masterKey)
  masterKey.dispose()
  wipeSlotKeys(keys)
  await state.registration.save(registration)
  await state.takeover.remove()
  return registration
}

const accessOf = ({ readOnlyUntil }: RecoveryFinishAnswer) =>
  readOnlyUntil === null
    ? ({ access: 'full' } as const)
    : ({ access: 'read-only', readOnlyUntil } as const)

function ownSlot(slot: Slot, { identity }: VaultConnection): Slot {
  if (slot.vaultId === identity.vaultId && slot.machineId === identity.machineId) return slot
  throw new BackupError('vault-mismatch', 'The vault gave the key slot of another machine.')
}
