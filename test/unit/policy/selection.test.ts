import { describe, expect, it } from 'vitest'
import { createExclusion } from '../../../src/policy/exclusion.ts'
import {
  checkedSelection,
  defaultSelection,
  fileRule,
  hasFileLimits,
} from '../../../src/policy/selection.ts'
import { parseDays, parseFileSize } from '../../../src/policy/selection-words.ts'

const nowMs = Date.UTC(2026, 10, 25)
const daysAgo = (days: number) => BigInt(nowMs - days * 86_400_000) * 1_000_000n

describe('limits of files', () => {
  it('leave nothing out by default', () => {
    const file = { sizeBytes: Number.MAX_SAFE_INTEGER, mtimeNs: -1n }
    expect(fileRule(defaultSelection, file, nowMs)).toBeUndefined()
  })

  it('are known to be there where a file can be left out by them', () => {
    const files = [0, 1, 1000].flatMap((sizeBytes) =>
      [-1, 0, 10_000].map((days) => ({ sizeBytes, mtimeNs: daysAgo(days) })),
    )
    for (const name of Object.keys(defaultSelection)) {
      const settings = { ...defaultSelection, [name]: 1 }
      const canLeaveOut = files.some((file) => fileRule(settings, file, nowMs) !== undefined)
      expect([name, hasFileLimits(settings)]).toEqual([name, canLeaveOut])
    }
  })

  it('leave out what is above them, not what is at them', () => {
    const settings = { ...defaultSelection, largestFileBytes: 1000, mostDaysOld: 30 }
    const rule = (sizeBytes: number, days: number) =>
      fileRule(settings, { sizeBytes, mtimeNs: daysAgo(days) }, nowMs)
    expect(rule(1000, 30)).toBeUndefined()
    expect(rule(1001, 1)).toEqual({ kind: 'size' })
    expect(rule(1, 31)).toEqual({ kind: 'age' })
    expect(rule(1, -3)).toBeUndefined()
  })

  it('leave out what is too young, not what is just old enough', () => {
    const settings = { ...defaultSelection, leastDaysOld: 2, mostDaysOld: 30 }
    const rule = (days: number) =>
      fileRule(settings, { sizeBytes: 1, mtimeNs: daysAgo(days) }, nowMs)
    expect([1, 2, 30, 31, -1].map((days) => rule(days)?.kind)).toEqual([
      ...['young', undefined, undefined, 'age', 'young'],
    ])
  })

  it('are refused where no file could lie between them', () => {
    const between = (leastDaysOld: number | null, mostDaysOld: number | null) =>
      checkedSelection({ ...defaultSelection, leastDaysOld, mostDaysOld })
    expect(between(29, 30)).toMatchObject({ leastDaysOld: 29 })
    expect(between(null, 1)).toMatchObject({ mostDaysOld: 1 })
    expect(between(9, null)).toMatchObject({ leastDaysOld: 9 })
    expect(() => between(30, 30)).toThrow('No file is between 30 and 30 days old')
    expect(() => between(31, 30)).toThrow('all would be left out')
  })

  it('are read as people write them', () => {
    expect(['4GiB', '1.5 MB', '1000', '2b'].map(parseFileSize)).toEqual([2 ** 32, 1.5e6, 1000, 2])
    for (const bad of ['', '0', '-1', '4 GG', '1e9GiB', '9999999TiB']) {
      expect(() => parseFileSize(bad)).toThrow('is no size')
    }
    expect(['90d', '1', '2 days'].map(parseDays)).toEqual([90, 1, 2])
    for (const bad of ['', '0d', '1.5', '99999d', '4w']) {
      expect(() => parseDays(bad)).toThrow('is no age')
    }
  })
})

describe('patterns', () => {
  it('tell capitals from small letters unless they are told not to, and say which one fits', () => {
    const patterns = ['*.tmp', '!keep.tmp']
    expect(createExclusion(patterns).excludedBy('a/X.TMP', false)).toBeUndefined()
    expect(createExclusion(patterns, true).excludedBy('a/X.TMP', false)).toBe('*.tmp')
    expect(createExclusion(patterns, true).excludedBy('a/Keep.TMP', false)).toBeUndefined()
  })
})
