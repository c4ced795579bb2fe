/** A vault in this process for the built agent: its clock is set by hand, its store can be held up or filled. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { MachineId } from '../../src/model/ids.ts'
import { issueCredential } from '../../src/vault/enrolment/issue-credential.ts'
import type { ObjectStore } from '../../src/vault/objects/object-store.ts'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { setAddress } from '../../src/vault/operator/vaults.ts'
import { serve } from '../../src/vault/service.ts'
import { startVault, type StartedVault } from './running-vault.ts'
import { scratchDirectory } from './scratch.ts'

export interface AgentVault {
  readonly service: StartedVault
  readonly scratch: string
  /** Writes a credential file: for registration, or for the recovery of a machine. Its path. */
  credential(machineName?: string): Promise<string>
  /** Credentials from now on lead to that port. */
  moveTo(port: number): Promise<void>
}

/** `wrap`: what stands between the service and its store. */
export async function startAgentVault(
  wrap?: (store: ObjectStore) => ObjectStore,
): Promise<AgentVault> {
  const service = await startVault()
  const scratch = scratchDirectory()
  const moveTo = (port: number) => setAddress(service.vault, { address: '127.0.0.1', port })
  if (wrap !== undefined) await moveTo(await serveWrapped(service, wrap))
  let issued = 0
  return {
    ...{ service, scratch, moveTo },
    credential: async (machineName) => {
      const machineId = machineName === undefined ? null : await idOf(service, machineName)
      const wanted = { vaultId: service.vaultId, machineId }
      const file = join(scratch, `credential-${issued++}`)
      writeFileSync(file, (await issueCredential(service.vault, wanted)).bytes, { mode: 0o600 })
      return file
    },
  }
}

async function serveWrapped(
  { vault }: StartedVault,
  wrap: (store: ObjectStore) => ObjectStore,
): Promise<number> {
  const messages = pino({ level: 'silent' })
  const options = { host: '127.0.0.1', port: 0, messages }
  const running = await serve({ ...vault, store: wrap(vault.store) }, options)
  onTestFinished(() => running.close())
  return running.port
}

const idOf = async ({ vault }: StartedVault, machine: string): Promise<MachineId> =>
  (await oneMachine(vault, { machine })).id
