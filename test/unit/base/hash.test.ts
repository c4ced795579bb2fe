import { expect, it } from 'vitest'
import { ascii, toHex } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'

it('SHA-256 of parts is that of the parts joined (FIPS 180-2, B.1)', () => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  expect(toHex(sha256(ascii('abc')))).toBe(expected)
  expect(toHex(sha256(ascii('a'), ascii(''), ascii('bc')))).toBe(expected)
})

it('SHA-256 of nothing is that of the empty string', () => {
  const expected = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  expect(toHex(sha256())).toBe(expected)
})
