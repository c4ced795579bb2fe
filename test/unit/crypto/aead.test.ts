import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ascii, concatBytes, fromHex, toHex } from '../../../src/base/bytes.ts'
import { openAead, sealAead, tagBytes, zeroNonce } from '../../../src/crypto/primitives/aead.ts'
import { allCut, allFlipped, refusalsOf } from '../../support/damaged.ts'
import { counting } from './fixed-keys.ts'

const context = { key: counting(0), nonce: zeroNonce, aad: ascii('what it is bound to') }
const plain = ascii('a message of no whole number of blocks')
const sealed = sealAead(context, plain)
const damaged = expect.objectContaining({ name: 'BackupError', code: 'damaged' }) as Error

describe('sealed bytes', () => {
  it('are those of the GCM specification, test case 16', () => {
    const bytesOf = (hex: string) => fromHex(hex) ?? new Uint8Array(0)
    const bytes = sealAead(
      {
        key: bytesOf('feffe9928665731c6d6a8f9467308308'.repeat(2)),
        nonce: bytesOf('cafebabefacedbaddecaf888'),
        aad: bytesOf('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
      },
      bytesOf(
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
          '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      ),
    )
    expect(toHex(bytes)).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
        '76fc6ece0f4e1768cddf8853bb2d551b',
    )
  })

  it('open to what was sealed, also to nothing', () => {
    expect(sealed).toHaveLength(plain.length + tagBytes)
    expect(openAead(context, sealed)).toEqual(plain)
    const nothing = new Uint8Array(0)
    expect(openAead(context, sealAead(context, nothing))).toEqual(nothing)
  })

  it('are refused with any byte of ciphertext or tag changed', () => {
    expect(refusalsOf(allFlipped(sealed), (bytes) => openAead(context, bytes))).toEqual(['damaged'])
  })

  it('are refused when cut off or longer', () => {
    const inputs = [...allCut(sealed), concatBytes(sealed, new Uint8Array(1))]
    expect(refusalsOf(inputs, (bytes) => openAead(context, bytes))).toEqual(['damaged'])
  })

  it('are refused under another key, nonce or context', () => {
    const others = [
      { ...context, key: counting(1) },
      { ...context, nonce: new Uint8Array(12).fill(1) },
      { ...context, aad: ascii('what it is bound t') },
    ]
    for (const other of others) expect(() => openAead(other, sealed)).toThrow(damaged)
  })

  it.each([4, 8, 12, 13, 14, 15])('are refused with a good tag of %i bytes', (authTagLength) => {
    const { key, nonce, aad } = context
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength })
    cipher.setAAD(aad)
    const bytes = concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag())
    expect(() => openAead(context, bytes)).toThrow(damaged)
  })
})
