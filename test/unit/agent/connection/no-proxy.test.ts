import { describe, expect, it } from 'vitest'
import { isExempt } from '../../../../src/agent/connection/no-proxy.ts'

const exempt: readonly (readonly [string, string])[] = [
  ['vault.example', '*'],
  ['vault.example', 'vault.example'],
  ['vault.example', 'example'],
  ['vault.example', '.example'],
  ['vault.example', '*.example'],
  ['vault.example', 'other, vault.example'],
  ['vault.example', 'other vault.example'],
  ['Vault.Example', 'vault.example'],
  ['vault.example', 'VAULT.Example'],
  ['vault.example', 'vault.example:8443'],
  ['10.1.2.3', '10.1.2.3'],
  ['10.1.2.3', '10.1.2.3:8443'],
  ['10.1.2.3', '10.0.0.0/8'],
  ['::1', '::1'],
  ['::1', '[::1]'],
  ['::1', '[::1]:8443'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['fd00::7', 'fd00::/8'],
]

const proxied: readonly (readonly [string, string])[] = [
  ['vault.example', ''],
  ['vault.example', ' , '],
  ['vault.example', 'example.org'],
  ['vault.example', 'ult.example'],
  ['example', 'vault.example'],
  ['10.1.2.3', '11.0.0.0/8'],
  ['10.1.2.3', '2.3'],
  ['10.1.2.3', 'fd00::/8'],
  ['10.1.2.3', '10.0.0.0/33'],
  ['10.1.2.3', '10.0.0.0/x'],
  ['::1', '::'],
  ['vault.example', '10.0.0.0/8'],
]

describe('NO_PROXY', () => {
  it.each(exempt)('reaches %s straight where it is %j', (host, list) => {
    expect(isExempt(host, list)).toBe(true)
  })

  it.each(proxied)('leaves %s to the proxy where it is %j', (host, list) => {
    expect(isExempt(host, list)).toBe(false)
  })
})
