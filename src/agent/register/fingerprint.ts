/** The fingerprint of a repository: what people compare. */

import { fromHex, toHex } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { Registration } from '../state/state.ts'

/** Four groups of four digits. */
export function fingerprintOf({ repositoryId }: Pick<Registration, 'repositoryId'>): string {
  const digest = toHex(sha256(fromHex(repositoryId) ?? new Uint8Array(0))).slice(0, 16)
  return digest.replace(/.{4}(?=.)/g, '$& ')
}
