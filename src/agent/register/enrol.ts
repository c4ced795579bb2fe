/** Registration at the vault: the machine gets its id and its certificate. A repeated request is the same request. */

import { fromHex, toBase64Url, toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import { errorCodeOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { signP256 } from '../../crypto/primitives/signature.ts'
import { enrolAnswerSchema, type EnrolAnswer } from '../../protocol/messages.ts'
import { enrolRoutes } from '../../protocol/routes.ts'
import { enrolMessage } from '../../protocol/signed.ts'
import type { VaultAddress } from '../connection/dial.ts'
import { openEnrolment } from '../connection/open-http.ts'
import type { AgentState, PendingRegistration } from '../state/state.ts'
import { certificateRequest, newMachineKey } from './certificate-request.ts'
import type { AgentCredential } from './credential.ts'

export interface Enrolled {
  readonly answer: EnrolAnswer
  /** PKCS#8 PEM. */
  readonly machineKey: string
}

export interface EnrolWishes {
  readonly vault: VaultAddress
  readonly machineName: string
  readonly state: AgentState
  readonly random: RandomBytes
  readonly signal?: AbortSignal | undefined
}

/** @throws BackupError `credential-*`, `name-taken`, `unreachable`, `vault-untrusted` */
export async function enrol(agent: AgentCredential, wishes: EnrolWishes): Promise<Enrolled> {
  const { credential, key } = agent
  const pending = await pendingRequest(agent, wishes)
  const csr = await certificateRequest(pending.privateKey)
  const { http, exporter } = await openEnrolment(wishes.vault, credential.serviceId, wishes.signal)
  try {
    const { vaultId, serial } = credential
    const requestId = fromHex(pending.requestId) ?? new Uint8Array(16)
    const message = enrolMessage(
      { vaultId, serial, requestId, exporter },
      sha256(utf8(pending.machineName)),
      sha256(csr),
    )
    const body = {
      vaultId,
      serial,
      requestId: pending.requestId,
      machineName: pending.machineName,
      csr: toBase64Url(csr),
      signature: toBase64Url(signP256(key, '', message)),
    }
    const answer = await http.json(
      { method: 'POST', path: enrolRoutes.enrol, body },
      enrolAnswerSchema,
    )
    return { answer, machineKey: pending.privateKey }
  } catch (error) {
    if (isRefusal(error)) await wishes.state.pending.remove()
    throw error
  } finally {
    await http.close()
  }
}

/** The vault has no machine of this request, nor will it have one. */
function isRefusal(error: unknown): boolean {
  const code = errorCodeOf(error)
  return code === 'name-taken' || code?.startsWith('credential-') === true
}

/** Kept until the registration is complete: a lost answer must not leave a second machine at the vault. */
async function pendingRequest(
  { credential }: AgentCredential,
  { machineName, state, random }: EnrolWishes,
): Promise<PendingRegistration> {
  const { vaultId, serial } = credential
  const before = await state.pending.load()
  const isSame =
    before?.vaultId === vaultId && before.serial === serial && before.machineName === machineName
  if (before !== undefined && isSame) return before
  const pending = {
    vaultId,
    serial,
    machineName,
    requestId: toHex(random(16)),
    privateKey: newMachineKey(),
  }
  await state.pending.save(pending)
  return pending
}
