/** A whole vault service on loopback, in this process, with a clock that is set by hand. */

import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { settableClock } from '../../src/base/clock.ts'
import { issueCredential } from '../../src/vault/enrolment/issue-credential.ts'
import { openVault, type OpenVault, type Surroundings } from '../../src/vault/open.ts'
import { makeIdentity, placeIdentity } from '../../src/vault/operator/init.ts'
import { createVault, setAddress } from '../../src/vault/operator/vaults.ts'
import { serve } from '../../src/vault/service.ts'
import { parseCredentialFile, type VaultCredential } from '../../src/model/credential.ts'
import type { MachineId } from '../../src/model/ids.ts'
import { scratchDirectory } from './scratch.ts'

const silent = pino({ level: 'silent' })

export async function startVault(directory = scratchDirectory()) {
  const clock = settableClock(Date.now())
  const surroundings = { clock, random: systemRandom }
  await placeIdentity(directory, await makeIdentity([], surroundings), 'new')
  const started = await serveVault(directory, surroundings)
  await setAddress(started.vault, { address: '127.0.0.1', port: started.port })
  const { id: vaultId } = await createVault(started.vault, 'home')
  /** For registration, or for the recovery of a machine. */
  const credential = (machineId: MachineId | null = null) =>
    issue(started.vault, { vaultId, machineId })
  return { ...started, directory, clock, surroundings, vaultId, credential }
}

export type StartedVault = Awaited<ReturnType<typeof startVault>>

/** Opens and serves what is in the directory, until `stop` or the end of the test. */
export async function serveVault(directory: string, surroundings: Surroundings) {
  const vault = await openVault(directory, surroundings)
  const running = await serve(vault, { host: '127.0.0.1', port: 0, messages: silent })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= running.close().then(() => vault.close()))
  onTestFinished(stop)
  return { vault, running, port: running.port, stop }
}

async function issue(
  vault: OpenVault,
  wanted: Parameters<typeof issueCredential>[1],
): Promise<VaultCredential> {
  return parseCredentialFile((await issueCredential(vault, wanted)).bytes).credential
}
