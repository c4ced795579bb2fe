/** The vault's authority as its own records need it: what it signed can be told from everything else. */

export interface VaultSigner {
  /** ECDSA P-256 with SHA-256 over `label ‖ bytes` by today's authority, r ‖ s: 64 bytes. */
  sign(label: string, bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Whether an authority of this vault, today's or an earlier one, signed it. */
  verify(label: string, bytes: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>
}

export const recordLabel = 'backup/v1/record'
export const pointLabel = 'backup/v1/point'

export const signatureBytes = 64
export const sumBytes = 32
