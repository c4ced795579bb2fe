import fc from 'fast-check'
import { expect, it } from 'vitest'
import { equalBytes } from '../../src/base/bytes.ts'
import { BackupError } from '../../src/base/errors.ts'
import { decodeCbor, encodeCbor } from '../../src/model/cbor.ts'
import type { Entry } from '../../src/model/entry.ts'
import { decodeEntry, encodeEntry } from '../../src/model/entry-codec.ts'
import { anyEntry } from '../support/entries.ts'

it('every entry comes back as it was written, in bytes that are deterministic CBOR', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const bytes = encodeEntry(entry)
      expect(decodeEntry(bytes)).toEqual(entry)
      expect(equalBytes(encodeCbor(decodeCbor(bytes)), bytes)).toBe(true)
    }),
  )
})

it('altered bytes are refused, or are what their entry is written as', () => {
  const alteration = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    to: fc.nat(255),
  })
  fc.assert(
    fc.property(
      anyEntry,
      fc.array(alteration, { minLength: 1, maxLength: 3 }),
      (entry, changes) => {
        const bytes = encodeEntry(entry)
        for (const { at, to } of changes) bytes[Math.floor(at * bytes.length)] = to
        const read = decodedOrRefused(bytes)
        if (read !== undefined) expect(equalBytes(encodeEntry(read), bytes)).toBe(true)
      },
    ),
    { numRuns: 2000 },
  )
})

function decodedOrRefused(bytes: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(BackupError)
    return undefined
  }
}
