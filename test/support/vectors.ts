/**
 * Vectors: inputs and the bytes that they are written as, for readers in any language. A test computes them and holds
 * fixtures/vectors to the result; with UPDATE_VECTORS=1 it writes them instead, for a change of the format.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'

const folder = resolve(import.meta.dirname, '..', '..', 'fixtures', 'vectors')

/** Holds `<name>.json` to `value`: byte strings as hexadecimal, large integers as decimal text. */
export function expectVectors(name: string, value: unknown): void {
  const path = join(folder, `${name}.json`)
  const text = `${JSON.stringify(value, readable, 2)}\n`
  if (process.env['UPDATE_VECTORS'] === '1') writeFileSync(path, text)
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(path, 'utf8')))
}

function readable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return typeof value === 'bigint' ? value.toString() : value
}
