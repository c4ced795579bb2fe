import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { decodeTreePage, writeTreePages } from '../../src/model/tree-page.ts'
import { decoding, findEntry, readTree } from '../../src/model/tree-reader.ts'
import { encoded, entryOfSize } from '../support/entries.ts'
import { all, createPageStore } from '../support/page-store.ts'

/** Zero bits come much more often than in nine, so that few entries make many pages of several levels. */
const splitHash = (name: Uint8Array): Uint8Array =>
  sha256(name).map((byte, at) => (at % 2 === 0 ? byte & 0x03 : byte & 0x02))

/** Links by name, up to 2 MiB encoded. */
const directory = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z]{1,8}$/),
      size: fc.integer({ min: 300, max: 40_000 }),
    }),
    {
      selector: ({ name }) => name,
      maxLength: 100,
      size: 'max',
    },
  )
  .map((list) => list.map(({ name, size }) => entryOfSize(name, size)))

const digest = ({ bytes }: { bytes: Uint8Array }): string => toHex(sha256(bytes))

const sorted = (entries: ReturnType<typeof entryOfSize>[]) =>
  entries.toSorted((a, b) => compareBytes(a.name, b.name))

it('a directory comes back from its pages, which keep to their limits', async () => {
  let pages = 0
  await fc.assert(
    fc.asyncProperty(directory.map(sorted), async (entries) => {
      const store = createPageStore(2)
      const root = writeTreePages(entries, { splitHash, emit: store.emit })
      const read = await all(readTree(root, store.load))
      expect(read.map((entry) => digest(encoded(entry)))).toEqual(entries.map(digest))
      const some = entries[entries.length >> 1]
      if (some !== undefined) {
        const found = await findEntry(root, some.name, decoding(store.load))
        expect(found && digest(encoded(found))).toBe(digest(some))
      }
      expect(await findEntry(root, utf8('no-such-name'), decoding(store.load))).toBeUndefined()
      for (const page of store.pages.values()) {
        expect(page.length).toBeLessThanOrEqual(1_048_576)
        expect(decodeTreePage(page)).toBeDefined()
      }
      pages = Math.max(pages, store.pages.size)
    }),
    { numRuns: 30 },
  )
  expect(pages).toBeGreaterThan(5)
})

it('pages do not depend on how a directory came to its entries', () => {
  fc.assert(
    fc.property(directory, directory, (before, added) => {
      const names = new Map(before.map((entry) => [toHex(entry.name), entry]))
      for (const entry of added) names.set(toHex(entry.name), entry)
      for (const { name } of before) names.delete(toHex(name))
      const gone = new Set(before.map(({ name }) => toHex(name)))
      const stays = added.filter(({ name }) => !gone.has(toHex(name)))
      const store = createPageStore(2)
      const other = createPageStore(2)
      writeTreePages(sorted([...names.values()]), { splitHash, emit: store.emit })
      writeTreePages(sorted(stays), { splitHash, emit: other.emit })
      expect([...store.pages.keys()]).toEqual([...other.pages.keys()])
    }),
    { numRuns: 10 },
  )
})
