import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPieces } from '../../../../src/agent/contents/read-pieces.ts'
import { chunkId } from '../../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../../src/crypto/keys.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const keys = deriveKeys(new Uint8Array(32), new Uint8Array(32))
const idOf = (plaintext: Uint8Array) => chunkId(keys, 1, plaintext)

it('hands out the pieces of a file that still are what they were, and no others', () => {
  const path = join(scratchDirectory(), 'file')
  const whole = pseudoRandomBytes('content', 3_000)
  const pieces = [0, 1_000, 2_000].map((offsetBytes) => ({
    offsetBytes,
    reference: { id: idOf(whole.subarray(offsetBytes, offsetBytes + 1_000)), lengthBytes: 1_000 },
  }))
  const found = () => {
    const offsets: number[] = []
    const bytes = readPieces(Buffer.from(path), pieces, {
      idOf,
      store: ({ offsetBytes }, plaintext) => {
        expect(plaintext).toEqual(whole.subarray(offsetBytes, offsetBytes + 1_000))
        offsets.push(offsetBytes)
      },
    })
    return { bytes, offsets }
  }
  writeFileSync(path, whole)
  expect(found()).toEqual({ bytes: 3_000, offsets: [0, 1_000, 2_000] })
  const changed = whole.slice()
  changed[1_500] = 255 - (changed[1_500] ?? 0)
  writeFileSync(path, changed)
  expect(found()).toEqual({ bytes: 2_000, offsets: [0, 2_000] })
  truncateSync(path, 2_999)
  expect(found()).toEqual({ bytes: 1_000, offsets: [0] })
})
