/** The machine's own certificate, looked at before the vault is dialled: renewed in time, told when it is of no use. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { chooseProxy } from '../../agent/connection/proxy.ts'
import { certificateAge, renewCertificate, settleRenewal } from '../../agent/register/renew.ts'
import { registrationOf, type AgentState, type Registration } from '../../agent/state/state.ts'
import { waitForLock } from '../../agent/system/wait-for-lock.ts'
import type { CommandContext } from './context.ts'

/**
 * The registration with a certificate that is good. `from`: when it is renewed, at half its life (runs), at its end, or never:
 * then nothing is changed here or at the vault, and the certificate is whatever there is.
 * @throws BackupError `certificate-expired`, `certificate-refused`
 */
export async function currentRegistration(
  context: CommandContext,
  state: AgentState,
  from: 'half-life' | 'end' | 'never',
): Promise<Registration> {
  if (from === 'never') return registrationOf(state)
  const registration = await settledRegistration(state)
  const age = certificateAge(registration, systemClock.now())
  if (registration.access === 'read-only') {
    if (age === 'end') throw recoveryOver(registration)
    return registration
  }
  if (age === 'fresh' || (age === 'half-life' && from === 'end')) return registration
  try {
    return await renew(context, state, registration)
  } catch (error) {
    if (age === 'end' || !(error instanceof BackupError)) throw error
    context.signal.throwIfAborted()
    context.output.warn(`Warning: the certificate could not be renewed yet: ${error.message}`)
    return registration
  }
}

async function renew(
  { host, signal }: CommandContext,
  state: AgentState,
  registration: Registration,
): Promise<Registration> {
  const lock = await waitForLock(state.paths.renewalLock, 'renewing the certificate')
  try {
    const held = await registrationOf(state)
    // Another process was faster.
    if (held.certificate !== registration.certificate) return held
    const { address, port, authorities } = held
    const proxy = await chooseProxy({ ...held.proxy, env: host.env }, address)
    const vault = { address, port, authorities, proxy }
    return await renewCertificate(held, { ...{ state, vault, signal }, random: systemRandom })
  } finally {
    lock.release()
  }
}

/** A renewal that was cut short is brought to its end; one that another process is at is that one's. */
async function settledRegistration(state: AgentState): Promise<Registration> {
  const registration = await registrationOf(state)
  if ((await state.renewal.load()) === undefined) return registration
  const lock = await waitForLock(state.paths.renewalLock, 'renewing the certificate')
  try {
    return await settleRenewal(state, await registrationOf(state))
  } finally {
    lock.release()
  }
}

/**
 * What is wrong here would look like a broken line from there. Who signed it is not looked at: a successor of the authority
 * may have, of which this machine has not learned yet.
 * @throws BackupError `certificate-refused`
 */
export function checkOwnPair({ certificate }: Registration, key: string): void {
  if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return
  throw new BackupError(
    'certificate-refused',
    'The certificate of this machine is of no use: its key is another one.',
    {
      hint: 'The state directory was mixed with another one. Take it back from a copy, or: backup recover --takeover',
    },
  )
}

const recoveryOver = ({ machineName }: Registration): BackupError =>
  new BackupError('certificate-expired', `The time to read the points of ${machineName} is over.`, {
    hint: 'Recover again with a new recovery credential.',
  })
