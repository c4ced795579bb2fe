/** A vault service that was made long ago, on loopback in this process. TLS goes by the true time: its clock may be 45 days behind it, or a day ahead. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemRandom } from '../../src/base/bytes.ts'
import { settableClock } from '../../src/base/clock.ts'
import type { MachineId } from '../../src/model/ids.ts'
import { openAuthority } from '../../src/vault/authority/authority.ts'
import { issueCredential } from '../../src/vault/enrolment/issue-credential.ts'
import { openVault, type Surroundings } from '../../src/vault/open.ts'
import { makeIdentity, placeIdentity } from '../../src/vault/operator/init.ts'
import { createVault, setAddress } from '../../src/vault/operator/vaults.ts'
import { serveVault } from './running-vault.ts'
import { scratchDirectory } from './scratch.ts'

export interface Age {
  /** How long ago it was made. */
  readonly ageMs: number
  /** The successor of its authority was made at that age. */
  readonly successorAtMs?: number
  /** How far behind its clock is when it starts to serve. */
  readonly behindMs?: number
}

export async function startAgedVault({ ageMs, successorAtMs, behindMs = 0 }: Age) {
  const scratch = scratchDirectory()
  const directory = scratchDirectory()
  const madeMs = Date.now() - ageMs
  const clock = settableClock(madeMs)
  const surroundings = { clock, random: systemRandom }
  await placeIdentity(directory, await makeIdentity([], surroundings), 'new')
  if (successorAtMs !== undefined) {
    clock.set(madeMs + successorAtMs)
    await (await openAuthority(directory, surroundings)).prepareSuccessor()
  }
  clock.set(Date.now() - behindMs)
  await setAddressIn(directory, surroundings)
  const { vault, running, port } = await serveVault(directory, surroundings)
  await setAddress(vault, { address: '127.0.0.1', port })
  const { id: vaultId } = await createVault(vault, 'home')
  let issued = 0
  const credential = async (machineId: MachineId | null = null) => {
    const file = join(scratch, `credential-${issued++}`)
    const { bytes } = await issueCredential(vault, { vaultId, machineId })
    writeFileSync(file, bytes, { mode: 0o600 })
    return file
  }
  return { scratch, clock, vault, running, port, credential }
}

/** Before it serves: its first certificate is to hold the address. */
async function setAddressIn(directory: string, surroundings: Surroundings): Promise<void> {
  const vault = await openVault(directory, surroundings)
  await setAddress(vault, { address: '127.0.0.1', port: 9 })
  await vault.close()
}
