import { describe, expect, it } from 'vitest'
import { ascii, fromHex, toHex } from '../../../src/base/bytes.ts'
import { hkdfExpand, hkdfExtract, hmacSha256, sha256 } from '../../../src/crypto/primitives/hash.ts'

const bytesOf = (hex: string) => fromHex(hex) ?? new Uint8Array(0)

it('SHA-256 is that of FIPS 180-4', () => {
  expect(toHex(sha256(ascii('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

describe('HMAC', () => {
  it('is that of RFC 4231, test case 2', () => {
    expect(toHex(hmacSha256(ascii('Jefe'), ascii('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  it('is over the parts joined', () => {
    expect(hmacSha256(ascii('k'), ascii('ab'), ascii(''), ascii('c'))).toEqual(
      hmacSha256(ascii('k'), ascii('abc')),
    )
  })
})

describe('HKDF', () => {
  it.each([
    {
      name: 'RFC 5869, test case 1',
      salt: '000102030405060708090a0b0c',
      ikm: '0b'.repeat(22),
      prk: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      info: 'f0f1f2f3f4f5f6f7f8f9',
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: 'RFC 5869, test case 3',
      salt: '',
      ikm: '0b'.repeat(22),
      prk: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      info: '',
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('is that of $name', ({ salt, ikm, prk, info, okm }) => {
    expect(toHex(hkdfExtract(bytesOf(salt), bytesOf(ikm)))).toBe(prk)
    expect(toHex(hkdfExpand(bytesOf(prk), bytesOf(info), okm.length / 2))).toBe(okm)
  })

  it('expands to 8,160 bytes and no further', () => {
    const key = new Uint8Array(32)
    expect(hkdfExpand(key, ascii('x'), 8160)).toHaveLength(8160)
    expect(hkdfExpand(key, ascii('x'), 8160).subarray(0, 32)).toEqual(hkdfExpand(key, ascii('x')))
    expect(() => hkdfExpand(key, ascii('x'), 8161)).toThrow(RangeError)
  })
})
