import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ascii, concatBytes, fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  ed25519PublicKey,
  signEd25519,
  signP256,
  verifyEd25519,
  verifyP256,
} from '../../../src/crypto/primitives/signature.ts'
import { allFlipped } from '../../support/damaged.ts'

const bytesOf = (hex: string) => fromHex(hex) ?? new Uint8Array(0)

describe('Ed25519', () => {
  const seed = bytesOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
  const message = bytesOf('72')
  const signature = signEd25519(seed, message)

  it('is that of RFC 8032, test 2', () => {
    expect(toHex(ed25519PublicKey(seed))).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    )
    expect(toHex(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('verifies what was signed and nothing else', () => {
    const publicKey = ed25519PublicKey(seed)
    expect(verifyEd25519(publicKey, message, signature)).toBe(true)
    expect(verifyEd25519(publicKey, bytesOf('73'), signature)).toBe(false)
    expect(verifyEd25519(ed25519PublicKey(bytesOf('11'.repeat(32))), message, signature)).toBe(
      false,
    )
    for (const bytes of allFlipped(signature)) {
      expect(verifyEd25519(publicKey, message, bytes)).toBe(false)
    }
  })

  it('is false, no error, for keys and signatures of another length', () => {
    expect(verifyEd25519(new Uint8Array(31), message, signature)).toBe(false)
    expect(verifyEd25519(ed25519PublicKey(seed), message, signature.subarray(1))).toBe(false)
  })
})

describe('ECDSA P-256', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = { label: 'backup/v1/test', message: ascii('message') }
  const signature = signP256(privateKey, signed.label, signed.message)

  it('is that of RFC 6979, A.2.5, message "sample"', () => {
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: 'YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y',
        y: 'eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk',
      },
    })
    const known = bytesOf(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    )
    expect(verifyP256(key, { label: '', message: ascii('sample') }, known)).toBe(true)
    expect(verifyP256(key, { label: 'sam', message: ascii('ple') }, known)).toBe(true)
  })

  it('is r and s, 32 bytes each, whatever their first bytes are', () => {
    for (let round = 0; round < 300; round++) {
      expect(signP256(privateKey, signed.label, signed.message)).toHaveLength(64)
    }
  })

  it('verifies what was signed, under its label, and nothing else', () => {
    expect(verifyP256(publicKey, signed, signature)).toBe(true)
    expect(verifyP256(publicKey, { ...signed, label: 'backup/v1/other' }, signature)).toBe(false)
    expect(verifyP256(publicKey, { ...signed, message: ascii('massage') }, signature)).toBe(false)
    for (const bytes of allFlipped(signature)) {
      expect(verifyP256(publicKey, signed, bytes)).toBe(false)
    }
  })

  it('is false, no error, for signatures of another length and keys of another curve', () => {
    const longer = concatBytes(signature, new Uint8Array(1))
    expect(verifyP256(publicKey, signed, signature.subarray(1))).toBe(false)
    expect(verifyP256(publicKey, signed, longer)).toBe(false)
    expect(verifyP256(publicKey, signed, new Uint8Array(64))).toBe(false)
    const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const own = signP256(other.privateKey, signed.label, signed.message)
    expect(verifyP256(other.publicKey, signed, own)).toBe(false)
  })
})
