import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareBytes } from '../../../src/base/bytes.ts'
import { BackupError } from '../../../src/base/errors.ts'
import { encodeEntry } from '../../../src/model/entry-codec.ts'
import { entryKey, entryTypeCode } from '../../../src/model/entry-fields.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { encodeChunkReferences } from '../../../src/model/ids.ts'
import { isLeafPage, LeafSkimmer } from '../../../src/model/leaf-skimmer.ts'
import { decodeTreePage, writeTreePages } from '../../../src/model/tree-page.ts'
import { anyEntry, entryOfSize } from '../../support/entries.ts'

const someEntries = fc
  .uniqueArray(anyEntry, {
    maxLength: 8,
    selector: ({ name }) => Buffer.from(name).toString('hex'),
  })
  .map((entries) => entries.sort((a, b) => compareBytes(a.name, b.name)))

/** All of them in one page. */
function pageOf(entries: readonly Entry[]): Uint8Array {
  const pages: Uint8Array[] = []
  writeTreePages(
    entries.map((entry) => ({ name: entry.name, bytes: encodeEntry(entry) })),
    {
      splitHash: () => new Uint8Array(32).fill(255),
      emit: (page) => {
        pages.push(page)
        return { id: 'a'.repeat(64) as never, lengthBytes: page.length }
      },
    },
  )
  expect(pages).toHaveLength(1)
  return pages[0] ?? new Uint8Array(0)
}

const whole = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low)
const magnitude = (value: bigint): bigint => (value < 0n ? -1n - value : value)

function expectSkimmed(skimmed: LeafSkimmer, entry: Entry): void {
  const { bytes } = skimmed
  expect(bytes.slice(skimmed.start, skimmed.end)).toEqual(encodeEntry(entry))
  expect(bytes.slice(skimmed.nameStart, skimmed.nameEnd)).toEqual(Uint8Array.from(entry.name))
  expect(skimmed.type).toBe(entryTypeCode[entry.type])
  expect(whole(skimmed.mtimeHigh, skimmed.mtimeLow)).toBe(magnitude(entry.mtimeNs))
  expect(skimmed.has(entryKey.ctime)).toBe(entry.ctimeNs !== undefined)
  if (entry.ctimeNs !== undefined) {
    expect(whole(skimmed.ctimeHigh, skimmed.ctimeLow)).toBe(magnitude(entry.ctimeNs))
  }
  expect(skimmed.isEarly).toBe(entry.mtimeNs < 0n || (entry.ctimeNs ?? 0n) < 0n)
  expect(whole(skimmed.inodeHigh, skimmed.inodeLow)).toBe(entry.inode ?? 0n)
  const { changed, stale, mountPoint, sparse } = entry.flags
  expect(skimmed.flags).toBe(+changed + 2 * +stale + 4 * +mountPoint + 8 * +(sparse ?? false))
  const large = entry.xattrs?.some((attribute) => 'content' in attribute) ?? false
  expect(skimmed.usesMore).toBe(large || (entry.type === 'file' && entry.map !== undefined))
  if (entry.type !== 'file') return
  expect(skimmed.sizeBytes).toBe(entry.sizeBytes)
  const content = encodeChunkReferences(entry.content ?? [])
  expect(bytes.slice(skimmed.contentStart, skimmed.contentEnd)).toEqual(content)
}

it('sees of every entry what its decoder sees', () => {
  fc.assert(
    fc.property(someEntries, (entries) => {
      const skimmer = new LeafSkimmer(pageOf(entries))
      for (const entry of entries) {
        expect(skimmer.next()).toBe(true)
        expectSkimmed(skimmer, entry)
      }
      expect(skimmer.next()).toBe(false)
    }),
    { numRuns: 30 },
  )
})

it('comes to an end, whatever the bytes are', () => {
  const alteration = fc.tuple(fc.nat(1 << 16), fc.nat(255))
  fc.assert(
    fc.property(
      ...[someEntries, fc.array(alteration, { maxLength: 3 }), fc.nat(1 << 16)],
      (entries, changes, cut) => {
        const page = pageOf(entries)
        for (const [at, to] of changes) page[at % page.length] = to
        const part = page.subarray(0, 1 + (cut % page.length))
        try {
          const skimmer = new LeafSkimmer(part)
          while (skimmer.next()) expect(skimmer.end).toBeLessThanOrEqual(part.length)
        } catch (error) {
          expect(error).toBeInstanceOf(BackupError)
        }
      },
    ),
  )
})

it('tells a page of entries from one of pieces', () => {
  expect(isLeafPage(pageOf([]))).toBe(true)
  const pages: Uint8Array[] = []
  writeTreePages(
    Array.from({ length: 40 }, (_, at) => entryOfSize(`${at + 10}`, 60_000)),
    {
      splitHash: () => new Uint8Array(32).fill(255),
      emit: (page) => {
        pages.push(page)
        return { id: 'a'.repeat(64) as never, lengthBytes: page.length }
      },
    },
  )
  expect(pages.length).toBeGreaterThan(2)
  for (const page of pages) expect(isLeafPage(page)).toBe('entries' in decodeTreePage(page))
})
