import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import type { LeftOutItem } from '../../../src/model/left-out.ts'
import { createLeftOutWriter, decodeLeftOutPage, readLeftOut } from '../../../src/model/left-out.ts'
import { all, createPageStore } from '../../support/page-store.ts'

const items = (count: number, detail = 'EACCES'): LeftOutItem[] =>
  Array.from({ length: count }, (_, at) => ({
    path: utf8(`/srv/data/${at}`),
    reason: 'unreadable',
    detail,
    kept: at % 2 === 0 ? 'nothing' : 'earlier',
  }))

function write(list: readonly LeftOutItem[]) {
  const store = createPageStore(4)
  const writer = createLeftOutWriter(store.emit)
  for (const item of list) writer.add(item)
  return { store, written: writer.finish() }
}

describe('left-out items', () => {
  it.each([0, 1, 1_000])('stand in the manifest where they are %i', async (count) => {
    const { store, written } = write(items(count))
    expect(written).toEqual({ leftOutCount: count, leftOut: items(count), leftOutPages: [] })
    expect(await all(readLeftOut(written, store.load))).toEqual(items(count))
  })

  it('go to pages of at most 262,144 bytes after the first 1,000', async () => {
    const list = items(3_000, 'é'.repeat(200))
    const { store, written } = write(list)
    expect(written.leftOut).toHaveLength(1_000)
    expect(written.leftOutPages.length).toBeGreaterThan(2)
    for (const page of store.pages.values()) expect(page.length).toBeLessThanOrEqual(262_144)
    expect(await all(readLeftOut(written, store.load))).toEqual(list)
  })

  it('are cut off at the limits of path and detail, after whole characters', () => {
    const path = new Uint8Array(20_000).fill(0x2f)
    const { written } = write([
      { path, reason: 'name', detail: `a${'€'.repeat(400)}`, kept: 'nothing' },
    ])
    expect(written.leftOut[0]?.path).toHaveLength(16_384)
    expect(written.leftOut[0]?.detail).toBe(`a${'€'.repeat(341)}`)
  })

  it('of a wrong number are refused', async () => {
    const { store, written } = write(items(1_002))
    const list = { ...written, leftOutCount: 1_003 }
    await expect(all(readLeftOut(list, store.load))).rejects.toMatchObject({ code: 'malformed' })
  })

  const page = (...fields: CborValue[]): Uint8Array => encodeCbor([fields])

  it.each<[string, Uint8Array]>([
    ['no items', encodeCbor([])],
    ['no array', encodeCbor(new Map())],
    ['an item of three parts', page(utf8('/a'), 'vanished', '')],
    ['an item of five parts', page(utf8('/a'), 'vanished', '', 0, 0)],
    ['no path', page(utf8(''), 'vanished', '', 0)],
    ['a path too long', page(new Uint8Array(16_385), 'vanished', '', 0)],
    ['a path as text', page('/a', 'vanished', '', 0)],
    ['an unknown reason', page(utf8('/a'), 'bored', '', 0)],
    ['a detail too long', page(utf8('/a'), 'vanished', 'é'.repeat(513), 0)],
    ['a detail as bytes', page(utf8('/a'), 'vanished', utf8(''), 0)],
    ['an unknown state', page(utf8('/a'), 'vanished', '', 3)],
    [
      'a detail that is no UTF-8',
      Uint8Array.of(0x81, 0x84, 0x41, 0x61, 0x64, 0x6e, 0x61, 0x6d, 0x65, 0x61, 0xff, 0),
    ],
    [
      'more than 262,144 bytes',
      encodeCbor(
        Array.from({ length: 20 }, (): CborValue => [new Uint8Array(16_000), 'name', '', 0]),
      ),
    ],
  ])('whose page is made of %s are refused', (_, bytes) => {
    expect(() => decodeLeftOutPage(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
