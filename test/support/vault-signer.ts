/** A vault's authority for tests: a real P-256 key. */

import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { ascii, concatBytes } from '../../src/base/bytes.ts'
import type { VaultSigner } from '../../src/vault/records/signer.ts'

export function createTestSigner(): VaultSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const dsaEncoding = 'ieee-p1363'
  return {
    sign: (label, bytes) =>
      sign('sha256', concatBytes(ascii(label), bytes), { key: privateKey, dsaEncoding }),
    verify: (label, bytes, signature) =>
      verify(
        'sha256',
        concatBytes(ascii(label), bytes),
        { key: publicKey, dsaEncoding },
        signature,
      ),
  }
}
