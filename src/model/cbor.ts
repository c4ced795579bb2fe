/**
 * Deterministic CBOR (docs/format.md 1) through cborg, which does not check key order, floats or UTF-8:
 * what was decoded is encoded again, and the input is refused if the bytes differ.
 */

import { decode, encode, Tokenizer, Type } from 'cborg'
import { BackupError, messageOf } from '../base/errors.ts'
import { equalBytes } from '../base/bytes.ts'

export type CborValue = number | bigint | string | Uint8Array | readonly CborValue[] | CborMap
export type CborMap = ReadonlyMap<number, CborValue>

const maxDepth = 16
const leastInteger = -(2n ** 63n)
const mostInteger = 2n ** 64n - 1n

/** @throws BackupError `malformed` for floats and unsafe numbers: they have no place in the format. */
export function encodeCbor(value: CborValue): Uint8Array<ArrayBuffer> {
  checkValue(value, 0)
  return Uint8Array.from(encode(value))
}

/** Decodes exactly one value. The byte strings in it are copies. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const value = decodeLoosely(bytes)
  checkValue(value, 0)
  if (!equalBytes(encode(value), bytes)) throw malformed('it is not deterministic CBOR')
  return value
}

const options = {
  useMaps: true,
  strict: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: true,
  allowInfinity: false,
  allowNaN: false,
  retainStringBytes: true,
} as const

function decodeLoosely(bytes: Uint8Array): unknown {
  try {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return decode(plain, { ...options, tokenizer: new ExactTextTokenizer(plain, options) })
  } catch (error) {
    throw malformed(messageOf(error), error)
  }
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** cborg drops a byte order mark that a text begins with. */
class ExactTextTokenizer extends Tokenizer {
  override next(): ReturnType<Tokenizer['next']> {
    const token = super.next()
    if (token.byteValue !== undefined && Type.equals(token.type, Type.string)) {
      token.value = textDecoder.decode(token.byteValue)
    }
    return token
  }
}

function checkValue(value: unknown, depth: number): asserts value is CborValue {
  if (depth > maxDepth) throw malformed('it is nested too deep')
  if (typeof value === 'string' || value instanceof Uint8Array) return
  if (typeof value === 'bigint') {
    if (value < leastInteger || value > mostInteger) throw malformed('a number needs over 64 bits')
    return
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0))
      throw malformed('a number is no integer')
    return
  }
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth + 1)
    return
  }
  if (!(value instanceof Map))
    throw malformed('it holds a value of a kind that the format does not use')
  for (const [key, item] of value) {
    if (!Number.isSafeInteger(key) || key < 0) throw malformed('a map key is no small integer')
    checkValue(item, depth + 1)
  }
}

const malformed = (why: string, cause?: unknown): BackupError =>
  new BackupError('malformed', `Not a record of this format: ${why}.`, { cause })

/** Reads the fields of a map, each checked for its kind; `finish` refuses keys that nobody asked for. */
export interface Fields {
  has(key: number): boolean
  uint(key: number): number
  bigint(key: number): bigint
  bytes(key: number, length?: number): Uint8Array
  text(key: number): string
  array(key: number): readonly CborValue[]
  map(key: number): CborMap
  finish(): void
}

export function fieldsOf(value: CborValue | undefined, what: string): Fields {
  if (!(value instanceof Map)) throw malformed(`${what} is no map`)
  const map: CborMap = value
  const read = new Set<number>()
  const get = (key: number): CborValue => {
    read.add(key)
    const field = map.get(key)
    if (field === undefined) throw malformed(`${what} has no field ${key}`)
    return field
  }
  const wrong = (key: number, kind: string) => malformed(`field ${key} of ${what} is no ${kind}`)
  return {
    has: (key) => map.has(key),
    uint: (key) => asUint(get(key), `field ${key} of ${what}`),
    bigint: (key) => {
      const field = get(key)
      if (typeof field !== 'number' && typeof field !== 'bigint') throw wrong(key, 'integer')
      return BigInt(field)
    },
    bytes: (key, length) => asBytes(get(key), `field ${key} of ${what}`, length),
    text: (key) => {
      const field = get(key)
      if (typeof field !== 'string') throw wrong(key, 'text')
      return field
    },
    array: (key) => asArray(get(key), `field ${key} of ${what}`),
    map: (key) => {
      const field = get(key)
      if (!(field instanceof Map)) throw wrong(key, 'map')
      return field
    },
    finish: () => {
      for (const key of map.keys()) {
        if (!read.has(key)) throw malformed(`${what} has an unknown field ${key}`)
      }
    },
  }
}

export function asUint(value: CborValue | undefined, what: string): number {
  if (typeof value !== 'number' || value < 0) throw malformed(`${what} is no unsigned integer`)
  return value
}

export function asBytes(value: CborValue | undefined, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed(`${what} is no byte string`)
  if (length !== undefined && value.length !== length) throw malformed(`${what} has a wrong length`)
  return value
}

export function asText(value: CborValue | undefined, what: string): string {
  if (typeof value !== 'string') throw malformed(`${what} is no text`)
  return value
}

export function asArray(
  value: CborValue | undefined,
  what: string,
  length?: number,
): readonly CborValue[] {
  if (!Array.isArray(value)) throw malformed(`${what} is no array`)
  if (length !== undefined && value.length !== length) throw malformed(`${what} has a wrong length`)
  return value as readonly CborValue[]
}
