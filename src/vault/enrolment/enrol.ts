/** A machine registers: its name is taken and its certificate signed, each decided as the record of it is written. */

import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { dayMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { machineIdOf } from '../../model/ids.ts'
import type { EnrolAnswer, EnrolRequest } from '../../protocol/messages.ts'
import { enrolMessage } from '../../protocol/signed.ts'
import type { Credential } from '../catalog/credentials.ts'
import { findMachineByName, findMachineByRequest, type Machine } from '../catalog/machines.ts'
import type { LogEntry } from '../records/entries.ts'
import { certificateFor, vaultNameOf } from './certificates.ts'
import type { EnrolContext } from './context.ts'
import { readCsr } from './csr.ts'
import { checkStillGood, presentedCredential } from './presented.ts'

export const certificateLifeMs = 365 * dayMs

/**
 * @param exporter 32 bytes of the connection that the request came over.
 * @throws BackupError `credential-*`, `name-taken`, `malformed`
 */
export async function enrol(
  context: EnrolContext,
  request: EnrolRequest,
  exporter: Uint8Array,
): Promise<EnrolAnswer> {
  const csr = await readCsr(request.csr)
  const message = messageOf(request, exporter, csr.bytes)
  const credential = await presentedCredential(context, request, () => message)
  const machine = await registeredMachine(context, credential, request)
  const certificate = await certificateFor(context, machine, {
    access: 'full',
    requestId: request.requestId,
    publicKey: csr.publicKey,
    notAfterMs: context.clock.now() + certificateLifeMs,
  })
  return {
    vaultName: await vaultNameOf(context, machine.vaultId),
    machineId: machine.id,
    machineName: machine.name,
    certificate: certificate.certificate,
  }
}

const messageOf = (request: EnrolRequest, exporter: Uint8Array, csr: Uint8Array): Uint8Array =>
  enrolMessage(
    {
      vaultId: request.vaultId,
      serial: request.serial,
      requestId: requestIdBytes(request.requestId),
      exporter,
    },
    sha256(utf8(request.machineName)),
    sha256(csr),
  )

export function requestIdBytes(requestId: string): Uint8Array {
  const bytes = fromHex(requestId)
  if (bytes?.length !== 16) throw new BackupError('malformed', 'A request id has a wrong form.')
  return bytes
}

/** The machine that this request registers, or has registered before. */
async function registeredMachine(
  context: EnrolContext,
  credential: Credential,
  request: EnrolRequest,
): Promise<Machine> {
  await context.log.append(() => decide(context, credential, request))
  const machine = await findMachineByRequest(context.catalog, credential, request.requestId)
  if (machine === undefined) throw new Error('A machine was registered and can not be found.')
  if (machine.name === request.machineName) return machine
  throw new BackupError('already-exists', 'This request id was used for another machine.')
}

async function decide(
  context: EnrolContext,
  credential: Credential,
  request: EnrolRequest,
): Promise<LogEntry | undefined> {
  const { catalog } = context
  const before = await findMachineByRequest(catalog, credential, request.requestId)
  if (before !== undefined) return undefined
  await checkStillGood(context, credential, 'register')
  const namesake = await findMachineByName(catalog, credential.vaultId, request.machineName)
  if (namesake !== undefined) throw nameTaken(request.machineName)
  return {
    kind: 'machine-registered',
    machineId: machineIdOf(context.random(16)),
    vaultId: credential.vaultId,
    name: request.machineName,
    requestId: toHex(requestIdBytes(request.requestId)),
    serial: credential.serial,
  }
}

const nameTaken = (name: string): BackupError =>
  new BackupError('name-taken', `This vault has a machine named ${JSON.stringify(name)} already.`, {
    hint: 'Choose another one with --name. Deleting the old machine would free this one, and make its points unreadable.',
  })
