/**
 * Recovery of a machine on another one: the vault tells how to derive the passphrase's key, takes the proof of it,
 * and only then signs a certificate that reads that machine's namespace.
 */

import { fromBase64Url, fromHex } from '../../base/bytes.ts'
import { dayMs, hourMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { verifyEd25519 } from '../../crypto/primitives/signature.ts'
import type { MachineId } from '../../model/ids.ts'
import type {
  RecoveryFinishAnswer,
  RecoveryFinishRequest,
  RecoveryStartAnswer,
  RecoveryStartRequest,
} from '../../protocol/messages.ts'
import {
  passphraseProofMessage,
  recoveryMessage,
  recoveryStartMessage,
  type RecoveryFacts,
} from '../../protocol/signed.ts'
import type { Certificate } from '../catalog/certificates.ts'
import type { Credential } from '../catalog/credentials.ts'
import { findMachine, type Machine } from '../catalog/machines.ts'
import { countFailedTries } from '../catalog/recovery-tries.ts'
import type { LogEntry } from '../records/entries.ts'
import {
  certificateEntry,
  issuedBefore,
  vaultNameOf,
  type WantedCertificate,
} from './certificates.ts'
import type { EnrolContext } from './context.ts'
import { readCsr } from './csr.ts'
import { requirePin } from '../pins/require-pin.ts'
import { certificateLifeMs, requestIdBytes } from './enrol.ts'
import { checkStillGood, presentedCredential } from './presented.ts'
import { slotKeyOf, slotParametersOf } from './recovery-slots.ts'

const maxTriesAnHour = 5
const readableMs = 30 * dayMs

/** @throws BackupError `credential-*`, `too-many-tries` */
export async function startRecovery(
  context: EnrolContext,
  request: RecoveryStartRequest,
  exporter: Uint8Array,
): Promise<RecoveryStartAnswer> {
  const { vaultId, serial, requestId } = request
  const facts = { vaultId, serial, requestId: requestIdBytes(requestId), exporter }
  const credential = await presentedCredential(context, request, () => recoveryStartMessage(facts))
  await checkStillGood(context, credential, 'recover')
  const machine = await machineOf(context, credential)
  await checkTries(context, machine.id)
  const slots = await slotParametersOf(context, machine)
  return { nonce: context.nonces.issue({ vaultId, serial, requestId }), slots }
}

/** @throws BackupError `credential-*`, `not-found` (not started, or too long ago), `passphrase-wrong`, `too-many-tries` */
export async function finishRecovery(
  context: EnrolContext,
  request: RecoveryFinishRequest,
  exporter: Uint8Array,
): Promise<RecoveryFinishAnswer> {
  const csr = await readCsr(request.csr)
  const factsOf = factsFor(request, exporter, sha256(csr.bytes))
  const credential = await presentedCredential(context, request, (presented) =>
    recoveryMessage(factsOf(recoveredId(presented))),
  )
  const machine = await machineOf(context, credential)
  const isTakeover = request.takeover !== undefined
  const wanted: WantedCertificate = {
    access: isTakeover ? 'full' : 'read-only',
    requestId: request.requestId,
    publicKey: csr.publicKey,
    notAfterMs: context.clock.now() + (isTakeover ? certificateLifeMs : readableMs),
    ...(isTakeover && { takesOver: true }),
  }
  const certificate =
    (await issuedBefore(context, machine, wanted)) ??
    (await provedCertificate(context, { request, credential, machine, wanted, factsOf }))
  return {
    vaultName: await vaultNameOf(context, machine.vaultId),
    machineId: machine.id,
    machineName: machine.name,
    certificate: certificate.certificate,
    readOnlyUntil: isTakeover ? null : certificate.notAfter,
  }
}

interface Finish {
  readonly request: RecoveryFinishRequest
  readonly credential: Credential
  readonly machine: Machine
  readonly wanted: WantedCertificate
  readonly factsOf: (machineId: MachineId) => RecoveryFacts
}

/** Every try takes its place in the log, one after the other: tries side by side are not more tries. */
async function provedCertificate(context: EnrolContext, finish: Finish): Promise<Certificate> {
  await checkStillGood(context, finish.credential, 'recover')
  if (!context.nonces.use(finish.request.nonce, finish.request)) throw notStarted()
  const key = await slotKeyOf(context, finish.machine, finish.request)
  const proved = key !== undefined && isProof(key, finish)
  if (proved && finish.request.takeover !== undefined) await allowTakeover(context, finish)
  const written = await context.log.append(() => decide(context, finish, proved))
  if (written?.entry.kind === 'recovery-try') throw wrongPassphrase()
  const issued = await issuedBefore(context, finish.machine, finish.wanted)
  if (issued === undefined) throw new Error('A certificate was issued and can not be found.')
  return issued
}

async function decide(
  context: EnrolContext,
  finish: Finish,
  proved: boolean,
): Promise<LogEntry | undefined> {
  const { credential, machine, wanted } = finish
  await checkStillGood(context, credential, 'recover')
  await checkTries(context, machine.id)
  if (!proved)
    return { kind: 'recovery-try', machineId: machine.id, at: context.clock.now(), ok: false }
  const before = await issuedBefore(context, machine, wanted)
  if (before !== undefined) return undefined
  return certificateEntry(context, machine, wanted)
}

/** The old machine dies with it: the operator has a say, for the very key that takes its place. */
async function allowTakeover(context: EnrolContext, finish: Finish): Promise<void> {
  const { machine, wanted, request } = finish
  if (machine.state !== 'active') throw notActive(machine)
  const space = { vaultId: machine.vaultId, machineId: machine.id }
  const guarded = { space, operation: 'takeover', body: wanted.publicKey } as const
  await requirePin(context, guarded, request.takeover?.pin ?? undefined)
}

const notActive = ({ name, state }: Machine): BackupError =>
  new BackupError('usage', `The machine ${name} is ${state}: nobody can take its place.`, {
    hint: 'Recover what it kept without --takeover, and register this machine.',
  })

async function checkTries(context: EnrolContext, machineId: MachineId): Promise<void> {
  const since = context.clock.now() - hourMs
  const failed = await countFailedTries(context.catalog, machineId, since)
  if (failed < maxTriesAnHour) return
  throw new BackupError('too-many-tries', `${failed} wrong passphrases within an hour.`, {
    hint: 'Try again in an hour.',
  })
}

const factsFor =
  (request: RecoveryFinishRequest, exporter: Uint8Array, csrHash: Uint8Array) =>
  (machineId: MachineId): RecoveryFacts => ({
    vaultId: request.vaultId,
    serial: request.serial,
    requestId: requestIdBytes(request.requestId),
    exporter,
    machineId,
    nonce: fromHex(request.nonce) ?? new Uint8Array(32),
    repository: request.repository,
    slot: request.slot,
    csrHash,
  })

function isProof(key: Uint8Array, finish: Finish): boolean {
  const proof = fromBase64Url(finish.request.proof)
  const message = passphraseProofMessage(finish.factsOf(finish.machine.id))
  return proof !== undefined && verifyEd25519(key, message, proof)
}

/** @throws BackupError `credential-purpose`: credentials for registration name no machine */
function recoveredId(credential: Credential): MachineId {
  if (credential.machineId !== null) return credential.machineId
  throw new BackupError(
    'credential-purpose',
    'This vault credential is for registration, not for recovery.',
    { hint: 'Ask for one of `backup-vault credentials NAME --recover MACHINE --out FILE`.' },
  )
}

async function machineOf(context: EnrolContext, credential: Credential): Promise<Machine> {
  const machine = await findMachine(context.catalog, recoveredId(credential))
  if (machine === undefined) throw new Error('A credential recovers a machine that is not there.')
  return machine
}

const notStarted = (): BackupError =>
  new BackupError(
    'not-found',
    'That recovery was not started here, or more than ten minutes ago.',
    {
      hint: 'Start it again.',
    },
  )

const wrongPassphrase = (): BackupError =>
  new BackupError('passphrase-wrong', 'The passphrase is not that of the machine.', {
    hint: 'Five wrong ones in an hour close recovery for that hour.',
  })
