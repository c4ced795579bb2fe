/** The envelope of configs, indexes, manifests and the cache (docs/format.md 5). */

import { ascii, concatBytes, equalBytes, readU32, u32, viewOf } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { padme } from './padme.ts'

export type SealedType = 'config' | 'index' | 'manifest' | 'cache'

export const sealedHeaderBytes = 48
export const maxSealedBytes = 32 * 1024 * 1024
const leastPlainBytes = 512

const magic = ascii('BKUPSEAL')
const version = 1
const suite = 1
export const sealedTypeCode: Readonly<Record<SealedType, number>> = {
  config: 1,
  index: 2,
  manifest: 3,
  cache: 4,
}

export interface SealedHeader {
  readonly type: SealedType
  readonly epoch: number
  /** 32 bytes. */
  readonly salt: Uint8Array
}

export function encodeSealedHeader({ type, epoch, salt }: SealedHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sealedHeaderBytes)
  out.set(magic)
  out.set([version, suite, sealedTypeCode[type], 0], 8)
  viewOf(out).setUint32(12, epoch, true)
  out.set(salt, 16)
  return out
}

/** @throws BackupError `malformed`, also for another type than expected; `unsupported-format` for another version or suite. */
export function decodeSealedHeader(bytes: Uint8Array, expected: SealedType): SealedHeader {
  if (bytes.length < sealedHeaderBytes || bytes.length > maxSealedBytes) {
    throw malformed('its length is outside the limits')
  }
  if (!equalBytes(bytes.subarray(0, 8), magic)) throw malformed('it does not begin as one')
  if (bytes[8] !== version || bytes[9] !== suite) {
    throw new BackupError(
      'unsupported-format',
      `A sealed object has version ${String(bytes[8])}, suite ${String(bytes[9])}; this program reads version 1, suite 1.`,
      { hint: 'Install a newer version of this program.' },
    )
  }
  const epoch = readU32(bytes, 12)
  if (bytes[10] !== sealedTypeCode[expected] || bytes[11] !== 0)
    throw malformed('it is of another type')
  if (expected !== 'manifest' && epoch !== 0) throw malformed('its epoch is not 0')
  return { type: expected, epoch, salt: bytes.slice(16, sealedHeaderBytes) }
}

/** `u32 length ‖ payload ‖ zeros`. */
export function padPayload(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = Math.max(leastPlainBytes, padme(4 + payload.length))
  return concatBytes(u32(payload.length), payload, new Uint8Array(length - 4 - payload.length))
}

/** The inverse; the payload shares memory. */
export function unpadPayload(plain: Uint8Array): Uint8Array {
  if (plain.length < leastPlainBytes) throw malformed('it is too short')
  const length = readU32(plain, 0)
  const rightLength = plain.length === Math.max(leastPlainBytes, padme(4 + length))
  if (!rightLength || plain.subarray(4 + length).some((byte) => byte !== 0)) {
    throw malformed('its padding is not one of this format')
  }
  return plain.subarray(4, 4 + length)
}

/** Whether the first bytes are those of a sealed object of that type: all that a vault can check. */
export const beginsAsSealed = (bytes: Uint8Array, type: SealedType): boolean =>
  equalBytes(bytes.subarray(0, 8), magic) && bytes[10] === sealedTypeCode[type]

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a sealed object of this format: ${why}.`)
