import { describe, expect, it } from 'vitest'
import { formatAddress, parseAddress, parseNames } from '../../../../src/vault/operator/address.ts'

describe('addresses', () => {
  it.each([
    ['vault.example.org:9000', 'vault.example.org', 9000],
    ['vault', 'vault', 8443],
    ['127.0.0.1:1', '127.0.0.1', 1],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['[::1]', '::1', 8443],
  ])('%s is understood, and written back', (text, address, port) => {
    const parsed = parseAddress(text)
    expect(parsed).toEqual({ address, port })
    expect(parseAddress(formatAddress(parsed))).toEqual(parsed)
  })

  it.each([
    '',
    ':8443',
    'host:0',
    'host:65536',
    '2001:db8::1',
    '[host]:1',
    'a b',
    'https://x',
    'x/y',
  ])('%j is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(/Not an address/)
  })

  it('takes several names, and refuses what is none', () => {
    expect(parseNames('a.example, 10.0.0.1')).toEqual(['a.example', '10.0.0.1'])
    expect(() => parseNames('a,,b')).toThrow(/host name/)
  })
})
