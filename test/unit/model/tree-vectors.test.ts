import { expect, it } from 'vitest'
import { compareBytes, toHex, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import type { DirectoryEntry } from '../../../src/model/entry.ts'
import { noFlags } from '../../../src/model/entry.ts'
import {
  decodeEntry,
  decodeRootEntry,
  encodeEntry,
  encodeRootEntry,
} from '../../../src/model/entry-codec.ts'
import { idBytes } from '../../../src/model/ids.ts'
import type { EncodedEntry } from '../../../src/model/tree-page.ts'
import { decodeTreePage, writeTreePages } from '../../../src/model/tree-page.ts'
import { encoded, samples } from '../../support/entries.ts'
import { chunkOf, createPageStore, idKey, splitHash } from '../../support/page-store.ts'
import { expectVectors } from '../../support/vectors.ts'

const root: DirectoryEntry = {
  type: 'directory',
  name: utf8(''),
  mtimeNs: 1_700_000_000_000_000_000n,
  mode: 0o755,
  tree: chunkOf('tree', 4),
  flags: noFlags,
}

const emptyFiles = (prefix: string, count: number): EncodedEntry[] =>
  Array.from({ length: count }, (_, number) =>
    encoded({
      type: 'file',
      name: utf8(`${prefix}${String(number).padStart(6, '0')}`),
      sizeBytes: 0,
      mtimeNs: BigInt(number),
      flags: noFlags,
    }),
  )

function written(entries: readonly EncodedEntry[]) {
  const store = createPageStore(2)
  const reference = writeTreePages(entries, { splitHash, emit: store.emit })
  const pages = [...store.pages].map(([id, bytes]) => {
    const page = decodeTreePage(bytes)
    const items = 'pieces' in page ? page.pieces : page.entries
    return { id, level: page.level, items: items.length, lengthBytes: bytes.length, bytes }
  })
  return { root: reference, pages }
}

/** Pages too many to be listed. */
function summary(entries: readonly EncodedEntry[]) {
  const { root: reference, pages } = written(entries)
  const inner = pages.filter((page) => page.level > 0)
  return {
    root: reference,
    pages: pages.length,
    parents: inner.map(({ id, level, items, lengthBytes }) => ({ id, level, items, lengthBytes })),
    sha256OfSortedIds: sha256(...pages.map(({ id }) => idBytes(id)).toSorted(compareBytes)),
  }
}

const bad: Readonly<Record<string, string>> = {
  'a map of indefinite length': 'bf00416101040300ff',
  'a name of indefinite length': 'a3005f4161ff01040300',
  'a name of text': 'a300616101040300',
  'keys out of order': 'a301040041610300',
  'a key twice': 'a4004161010401040300',
  'an integer longer than needed': 'a30041610118040300',
  'a float as a time': 'a3004161010403f90000',
  'an unknown key': 'a4004161010403000f00',
  'a key of another type': 'a4004161010402000300',
  'a name with a slash': 'a300432f616101040300',
  'the name ..': 'a300422e2e01040300',
  'no mtime': 'a20041610104',
  'a byte behind it': 'a30041610104030000',
}

const longNames = { prefix: `${'l'.repeat(4_000)}-0-`, count: 20_000 }

it('entries and pages are those of the vectors', () => {
  expectVectors('tree', {
    about:
      'Entries and pages of trees (docs/format.md 7). Byte strings are hexadecimal, 64-bit integers decimal text. Ids of pages are HMAC(kId, 02 ‖ page), hashes that cut are HMAC(kId, 00 ‖ name).',
    kId: idKey,
    entries: Object.entries(samples).map(([about, entry]) => ({
      about,
      entry,
      bytes: encodeEntry(entry),
    })),
    rootEntry: { entry: root, bytes: encodeRootEntry(root) },
    leastEntry: 'a300416101040300',
    refusedEntries: Object.entries(bad).map(([about, bytes]) => ({ about, bytes })),
    trees: [
      { about: 'no entries', ...written([]) },
      {
        about: 'the least entry',
        ...written([{ name: utf8('a'), bytes: fromText('a300416101040300') }]),
      },
    ],
    largeTrees: [
      {
        about:
          'empty files: entry i of count is {0: prefix ‖ i in 6 decimal digits, 1: 1, 2: 0, 3: i}. Parents are listed; the sum is over the ids of all pages, ascending',
        prefix: 'file-',
        count: 20_000,
        ...summary(emptyFiles('file-', 20_000)),
      },
      {
        about: 'the same with names that are long: leaves end by length too, parents by the hash',
        prefix: `'l' 4,000 times, then '-0-'`,
        count: longNames.count,
        ...summary(emptyFiles(longNames.prefix, longNames.count)),
      },
    ],
  })
})

const fromText = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

it('entries of the vectors are read as what they were', () => {
  for (const entry of Object.values(samples)) expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  expect(decodeRootEntry(encodeRootEntry(root))).toEqual(root)
  expect(toHex(encodeCbor(new Map([[0, 0]])))).toBe('a10000')
  expect(toHex(encodeEntry(decodeEntry(fromText('a300416101040300'))))).toBe('a300416101040300')
})

it.each(Object.entries(bad))('an entry with %s is refused', (_, hex) => {
  expect(() => decodeEntry(fromText(hex))).toThrow(expect.objectContaining({ code: 'malformed' }))
})
