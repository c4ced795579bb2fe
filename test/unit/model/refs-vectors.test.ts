import { expect, it } from 'vitest'
import { compareBytes, concatBytes, fromHex, u8, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import type { ObjectId } from '../../../src/model/ids.ts'
import { idBytes, objectIdOf } from '../../../src/model/ids.ts'
import { decodeRefsObject } from '../../../src/model/refs-object.ts'
import { checkRefs } from '../../../src/model/refs-reader.ts'
import { writeRefs } from '../../../src/model/refs.ts'
import { expectVectors } from '../../support/vectors.ts'

const made = (count: number): ObjectId[] =>
  Array.from({ length: count }, (_, number) => objectIdOf(sha256(utf8(`id ${number}`))))

/** 230 ids that leave a common prefix one bit later each, and 513 that differ in their last bits. */
function chain(first: number): ObjectId[] {
  const start = () => concatBytes(u8(first), new Uint8Array(31))
  const alone = Array.from({ length: 230 }, (_, at) => {
    const id = start()
    const bit = at + 3
    id[bit >> 3] = (id[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
    return objectIdOf(id)
  })
  const together = Array.from({ length: 513 }, (_, number) =>
    objectIdOf(
      start()
        .fill(number >> 8, 30)
        .fill(number & 255, 31),
    ),
  )
  return [...alone, ...together]
}

function written(ids: readonly ObjectId[]) {
  const { root, objects, count } = writeRefs(ids)
  const names = [...objects.keys()].map(idBytes).toSorted(compareBytes)
  return { count, root, objects: objects.size, sha256OfSortedNames: sha256(...names) }
}

/** The same with every object. */
function listed(ids: readonly ObjectId[]) {
  const list = [...writeRefs(ids).objects].map(([name, bytes]) => {
    const { level, bits } = decodeRefsObject(bytes)
    return { name, level, bits, lengthBytes: bytes.length, bytes }
  })
  return { ...written(ids), list }
}

const bad: Readonly<Record<string, string>> = {
  'a shard without ids': 'a400000100024003' + '40',
  'unused bits of the prefix': `a4000001010241c0035820${'ff'.repeat(32)}`,
  'an id outside the prefix': `a400000101024100035820${'ff'.repeat(32)}`,
  'ids out of order': `a40000010002400358` + `40${'ff'.repeat(32)}${'00'.repeat(32)}`,
  'an id twice': `a4000001000240035840${'ff'.repeat(64)}`,
  'a map of indefinite length': 'bf00010100024003' + '40ff',
  'an item without ids below': `a4000101000240035846${'00'.repeat(34)}${'11'.repeat(32)}00000000`,
  'half an item': `a4000101000240035823${'00'.repeat(35)}`,
  'level 16': 'a4001001000240' + '0340',
}

it('refs are those of the vectors', () => {
  expectVectors('refs', {
    about:
      'Objects of refs (docs/format.md 8). Id i, from 0, is the SHA-256 of the ASCII text "id " and i in decimal, unless said. The sum is over the names of all objects, ascending.',
    sets: [
      { about: 'no ids', ...listed([]) },
      { about: 'one id', ...listed(made(1)) },
      { about: '512 ids', ...written(made(512)) },
      { about: '513 ids', ...written(made(513)) },
      { about: '5,000 ids', ...written(made(5_000)) },
      {
        about:
          'for each first byte 00, 20, 40, 60, 80, a0, c0, e0: one id with nothing else but bit p set, for each p in 3..232 (bit 0 is the highest of the first byte), and 513 ids that end in a big-endian u16 of 0..512: a root of level 2',
        ...written([...Array(8).keys()].flatMap((number) => chain(number << 5))),
      },
    ],
    refused: Object.entries(bad).map(([about, bytes]) => ({ about, bytes })),
  })
})

it('chains of small cells have a root of level 2', async () => {
  const { root, objects, count } = writeRefs(
    [...Array(8).keys()].flatMap((number) => chain(number << 5)),
  )
  expect(decodeRefsObject(objects.get(root) ?? utf8('')).level).toBe(2)
  const checked = await checkRefs(root, (id) => Promise.resolve(objects.get(id)))
  expect(checked).toMatchObject({ count, missing: [] })
})

it.each(Object.entries(bad))('a refs object with %s is refused', (_, hex) => {
  expect(() => decodeRefsObject(fromHex(hex) ?? utf8(''))).toThrow(
    expect.objectContaining({ code: 'malformed' }),
  )
})
