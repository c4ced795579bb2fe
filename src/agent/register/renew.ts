/**
 * Another certificate before the old one ends, with a new key. The old key signs for it at the enrolment server, which takes that
 * for half a year after the end, too. Stopped at any moment, the machine goes on with the old or with the new pair.
 */

import { X509Certificate, createPrivateKey } from 'node:crypto'
import { fromHex, toBase64Url, toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { readSecretFile, replaceFile } from '../../base/files.ts'
import { sha256 } from '../../base/hash.ts'
import { signP256 } from '../../crypto/primitives/signature.ts'
import { enrolAnswerSchema } from '../../protocol/messages.ts'
import { enrolRoutes } from '../../protocol/routes.ts'
import { renewMessage } from '../../protocol/signed.ts'
import type { VaultAddress } from '../connection/dial.ts'
import { openEnrolment } from '../connection/open-http.ts'
import type { AgentState, Registration } from '../state/state.ts'
import { certificateRequest, newMachineKey } from './certificate-request.ts'

export interface RenewWishes {
  readonly state: AgentState
  readonly vault: VaultAddress
  readonly random: RandomBytes
  readonly signal?: AbortSignal | undefined
}

/** `half-life`: renewed then. `end`: it is refused from now on, unless it is renewed. */
export function certificateAge(
  { certificate }: Pick<Registration, 'certificate'>,
  nowMs: number,
): 'fresh' | 'half-life' | 'end' {
  const { validFrom, validTo } = new X509Certificate(certificate)
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  if (nowMs >= to) return 'end'
  return nowMs >= (from + to) / 2 ? 'half-life' : 'fresh'
}

/** The registration with the new certificate. @throws BackupError `certificate-refused`, `certificate-expired`, `unreachable` */
export async function renewCertificate(
  registration: Registration,
  wishes: RenewWishes,
): Promise<Registration> {
  const { state, random } = wishes
  const waiting = await state.renewal.load()
  const pending = waiting ?? { requestId: toHex(random(16)), privateKey: newMachineKey() }
  if (waiting === undefined) await state.renewal.save(pending)
  const certificate = await askForCertificate(registration, wishes, pending)
  checkPair(certificate, pending.privateKey)
  await state.renewal.save({ ...pending, certificate })
  return settle(state, registration, { ...pending, certificate })
}

/** A renewal that was answered and not yet written down is, key first. */
export async function settleRenewal(
  state: AgentState,
  registration: Registration,
): Promise<Registration> {
  const waiting = await state.renewal.load()
  if (waiting?.certificate === undefined) return registration
  const { privateKey, certificate } = waiting
  return settle(state, registration, { privateKey, certificate })
}

async function settle(
  state: AgentState,
  registration: Registration,
  { privateKey, certificate }: { readonly privateKey: string; readonly certificate: string },
): Promise<Registration> {
  await replaceFile(state.paths.machineKey, utf8(privateKey))
  const renewed = await state.registration.update((held) => ({
    ...(held ?? registration),
    certificate,
  }))
  await state.renewal.remove()
  return renewed
}

const maxKeyBytes = 4096

async function askForCertificate(
  registration: Registration,
  { state, vault, signal }: RenewWishes,
  { requestId, privateKey }: { readonly requestId: string; readonly privateKey: string },
): Promise<string> {
  const oldKey = Buffer.from(await readSecretFile(state.paths.machineKey, maxKeyBytes)).toString()
  const csr = await certificateRequest(privateKey)
  const fingerprint = toHex(sha256(new X509Certificate(registration.certificate).raw))
  const { http, exporter } = await openEnrolment(vault, registration.serviceId, signal)
  try {
    const facts = { fingerprint, exporter, csrHash: sha256(csr) }
    const id = fromHex(requestId) ?? new Uint8Array(16)
    const message = renewMessage({ ...facts, requestId: id })
    const signature = toBase64Url(signP256(createPrivateKey(oldKey), '', message))
    const body = { fingerprint, requestId, csr: toBase64Url(csr), signature }
    const request = { method: 'POST', path: enrolRoutes.renew, body } as const
    return (await http.json(request, enrolAnswerSchema)).certificate
  } finally {
    await http.close()
  }
}

/** Before the old pair is given up. */
function checkPair(certificate: string, privateKey: string): void {
  if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) return
  throw new BackupError('vault-mismatch', 'The vault signed a certificate for another key.')
}
