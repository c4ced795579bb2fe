/** Plain SHA-256: names of objects, sums of records. What needs a key is in crypto. */

import { createHash } from 'node:crypto'

/** SHA-256 of the parts joined: 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}
