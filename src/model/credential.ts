/**
 * A vault credential: the file that a vault issues for one registration or recovery.
 *
 *     {"payload": base64url of JSON, "signature": base64url of r ‖ s}
 *
 * The signature is ECDSA P-256 with SHA-256 by the vault's authority over `credentialLabel ‖ payload's bytes`.
 */

import { z } from 'zod'
import { fromBase64Url, toBase64Url, utf8 } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { parseMachineId, parseVaultId } from './ids.ts'

export const credentialLabel = 'backup/v1/credential'
export const maxCredentialBytes = 65_536

const hex16 = z.string().regex(/^[0-9a-f]{32}$/)
const timeMs = z.int().min(0)

const payloadSchema = z.strictObject({
  version: z.literal(1),
  purpose: z.enum(['register', 'recover']),
  vaultId: hex16.transform(parseVaultId),
  vaultName: z.string().max(64),
  /** Whom it recovers; null for registration. */
  machineId: hex16.transform(parseMachineId).nullable(),
  machineName: z.string().max(256).nullable(),
  /** Host name or IP address, without brackets. */
  address: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  /** Part of the fixed server names (protocol/routes.ts). */
  serviceId: hex16,
  /** PEM of the authority's certificate. */
  authority: z.string().max(8_192),
  /** SHA-256 of its DER, hexadecimal. */
  authorityFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  serial: z.int().min(1),
  issuedAt: timeMs,
  expiresAt: timeMs,
  /** PKCS#8 (DER) of a P-256 key, base64url. */
  privateKey: z.string().max(1_024),
})

export type VaultCredential = z.output<typeof payloadSchema>

export interface CredentialFile {
  readonly credential: VaultCredential
  /** What is signed. */
  readonly payload: Uint8Array
  /** 64 bytes; not verified here. */
  readonly signature: Uint8Array
}

export const encodeCredentialPayload = (
  credential: Omit<VaultCredential, 'version'>,
): Uint8Array<ArrayBuffer> => utf8(JSON.stringify({ version: 1, ...credential }))

export const encodeCredentialFile = (
  payload: Uint8Array,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  utf8(`${JSON.stringify({ payload: toBase64Url(payload), signature: toBase64Url(signature) })}\n`)

const fileSchema = z.strictObject({ payload: z.string(), signature: z.string() })

/**
 * Reads the file; who signed it is left to the caller: the key that verifies is in `credential.authority`.
 * @throws BackupError `credential-malformed`, `unsupported-format`
 */
export function parseCredentialFile(bytes: Uint8Array): CredentialFile {
  if (bytes.length > maxCredentialBytes) throw malformed('it is too large')
  const file = fileSchema.safeParse(parseJson(bytes, 'it is cut off, or no such file'))
  if (!file.success) throw malformed('it is a file of another type', file.error)
  const payload = fromBase64Url(file.data.payload)
  const signature = fromBase64Url(file.data.signature)
  if (payload === undefined || signature?.length !== 64) throw malformed('it was edited or damaged')
  return { credential: parsePayload(payload), payload, signature }
}

function parsePayload(payload: Uint8Array): VaultCredential {
  const value = parseJson(payload, 'it was edited or damaged')
  const version = z.looseObject({ version: z.number() }).safeParse(value)
  if (version.success && version.data.version !== 1) {
    throw new BackupError(
      'unsupported-format',
      `The vault credential is of version ${version.data.version}.`,
      { hint: 'Install a newer version of this program.' },
    )
  }
  const parsed = payloadSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw malformed('it was edited or damaged', parsed.error)
}

function parseJson(bytes: Uint8Array, why: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformed(why, error)
  }
}

const malformed = (why: string, cause?: unknown): BackupError =>
  new BackupError('credential-malformed', `Not a vault credential: ${why}.`, {
    hint: "Use the file as the vault's operator gave it to you, or ask for a new one.",
    cause,
  })
