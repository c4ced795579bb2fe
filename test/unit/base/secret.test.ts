import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { concealed, Secret } from '../../../src/base/secret.ts'

const bytes = () => Uint8Array.from(Buffer.from('correct horse'))

describe('a secret', () => {
  it.each([
    ['as text', (secret: Secret) => `${String(secret)} ${secret.toString()}`],
    ['as JSON', (secret: Secret) => JSON.stringify({ secret })],
    ['by the console', (secret: Secret) => format('%s %o %j', secret, secret, { secret })],
    ['inspected', (secret: Secret) => inspect({ secret }, { showHidden: true, depth: 9 })],
    ['in an error', (secret: Secret) => inspect(new Error('failed', { cause: { secret } }))],
  ])('says nothing of itself %s', (_, print) => {
    const printed = print(new Secret(bytes()))
    expect(printed).toContain('[secret]')
    expect(printed).not.toMatch(/correct|horse|99|111/)
  })

  it('is overwritten where it lies, and of no use from then on', () => {
    const own = bytes()
    const secret = new Secret(own)
    const copy = secret.copy()
    expect(secret.equals(copy)).toBe(true)
    secret.dispose()
    secret.dispose()
    expect(own).toEqual(new Uint8Array(own.length))
    expect(() => secret.bytes).toThrow('after it was overwritten')
    expect(copy.bytes).toEqual(bytes())
  })
})

describe('an object of keys', () => {
  it('is what it was, and prints as a secret', () => {
    const keys = concealed({ id: bytes(), number: 3 })
    expect(Object.entries(keys)).toEqual([
      ['id', bytes()],
      ['number', 3],
    ])
    expect([inspect(keys), JSON.stringify({ keys })]).toEqual(['[secret]', '{"keys":"[secret]"}'])
  })
})
