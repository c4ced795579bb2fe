/** Making a vault credential: a key pair for one file, whose private half the vault forgets. */

import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { toBase64Url } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import {
  credentialLabel,
  encodeCredentialFile,
  encodeCredentialPayload,
} from '../../model/credential.ts'
import type { MachineId, VaultId } from '../../model/ids.ts'
import {
  findCredential,
  listCredentials,
  nextSerial,
  type Credential,
} from '../catalog/credentials.ts'
import { findMachine } from '../catalog/machines.ts'
import { readAddress } from '../catalog/meta.ts'
import { findVault } from '../catalog/vaults.ts'
import type { OpenVault } from '../open.ts'
import type { LogEntry } from '../records/entries.ts'
import { credentialLifeMs } from './credential-check.ts'

export interface WantedCredential {
  readonly vaultId: VaultId
  /** Whom it is to recover; null for registration. */
  readonly machineId: MachineId | null
}

export interface IssuedFile {
  /** The whole file. */
  readonly bytes: Uint8Array
  readonly serial: number
  readonly expiresAt: number
}

/**
 * From its record on, it is the only one of its kind that is good.
 * @throws BackupError `usage`: nobody has said where machines find the service
 */
export async function issueCredential(
  vault: OpenVault,
  wanted: WantedCredential,
): Promise<IssuedFile> {
  if ((await readAddress(vault.catalog)) === undefined) throw noAddress()
  const keys = makeKeys()
  const written = await vault.log.append(() => decide(vault, wanted, keys.publicKey))
  if (written?.entry.kind !== 'credential-issued') throw new Error('No credential was recorded.')
  const credential = await findCredential(vault.catalog, wanted.vaultId, written.entry.serial)
  if (credential === undefined) throw new Error('A credential was recorded and can not be found.')
  return await signedFile(vault, credential, keys.privateKey)
}

async function decide(
  vault: OpenVault,
  { vaultId, machineId }: WantedCredential,
  publicKey: Uint8Array,
): Promise<LogEntry> {
  const issuedAt = vault.clock.now()
  return {
    kind: 'credential-issued',
    vaultId,
    serial: await nextSerial(vault.catalog, vaultId),
    purpose: machineId === null ? 'register' : 'recover',
    machineId: machineId ?? undefined,
    publicKey,
    issuedAt,
    expiresAt: issuedAt + credentialLifeMs,
  }
}

async function signedFile(
  vault: OpenVault,
  credential: Credential,
  privateKey: Uint8Array,
): Promise<IssuedFile> {
  const { serial, expiresAt } = credential
  const payload = encodeCredentialPayload({
    ...(await describe(vault, credential)),
    privateKey: toBase64Url(privateKey),
  })
  const signature = await vault.authority.sign(credentialLabel, payload)
  return { bytes: encodeCredentialFile(payload, signature), serial, expiresAt }
}

/** All that the file says, but its key. */
async function describe(vault: OpenVault, credential: Credential) {
  const { catalog, authority } = vault
  const { purpose, vaultId, machineId, serial, issuedAt, expiresAt } = credential
  const address = await readAddress(catalog)
  const machine = machineId === null ? undefined : await findMachine(catalog, machineId)
  const found = await findVault(catalog, vaultId)
  if (address === undefined || found === undefined) throw noAddress()
  return {
    purpose,
    vaultId,
    vaultName: found.name,
    machineId,
    machineName: machine?.name ?? null,
    ...address,
    serviceId: authority.serviceId,
    authority: authority.current(),
    authorityFingerprint: fingerprintOf(authority.current()),
    serial,
    issuedAt,
    expiresAt,
  }
}

/** Returns how many were good until now. */
export async function revokeCredentials(vault: OpenVault, vaultId: VaultId): Promise<number> {
  let count = 0
  await vault.log.append(async () => {
    const all = await listCredentials(vault.catalog, vaultId)
    const now = vault.clock.now()
    count = all.filter((one) => one.revokedAt === null && one.expiresAt > now).length
    return { kind: 'credentials-revoked', vaultId, purpose: undefined, machineId: undefined }
  })
  return count
}

function makeKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
  }
}

const fingerprintOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()

const noAddress = (): BackupError =>
  new BackupError('usage', 'Nobody has said yet where machines find this service.', {
    hint: 'backup-vault vault set-address HOST:PORT',
  })
