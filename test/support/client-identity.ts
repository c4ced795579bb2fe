/** A machine's certificate and key, made by an authority itself. */

import { generateKeyPairSync } from 'node:crypto'
import { dayMs } from '../../src/base/clock.ts'
import type { ClientIdentity } from '../../src/agent/connection/dial.ts'
import { parseMachineId, parseVaultId } from '../../src/model/ids.ts'
import type { Authority } from '../../src/vault/authority/authority.ts'

export interface Bearer {
  readonly vaultId: string
  readonly machineId: string
  readonly notAfterMs?: number
}

const someone: Bearer = { vaultId: '1'.repeat(32), machineId: '2'.repeat(32) }

export async function makeClientIdentity(
  authority: Authority,
  { vaultId, machineId, notAfterMs = Date.now() + dayMs } = someone,
): Promise<ClientIdentity> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { pem } = await authority.issueClientCertificate({
    vaultId: parseVaultId(vaultId),
    machineId: parseMachineId(machineId),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    notAfterMs,
  })
  return {
    certificate: pem,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
