import { describe, expect, it } from 'vitest'
import {
  durationText,
  localTimeText,
  sizeText,
  timeText,
} from '../../../../src/cli/render/units.ts'

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.00 KiB'],
    [1_536, '1.50 KiB'],
    [10 * 1_024, '10.0 KiB'],
    [1_048_576, '1.00 MiB'],
    [5 * 1_024 ** 3, '5.00 GiB'],
    [1_024 ** 5, '1.00 PiB'],
    [4_096 * 1_024 ** 5, '4096.0 PiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text)
  })
})

describe('times', () => {
  it('of a vault are UTC, to the second', () => {
    expect(timeText(Date.UTC(2026, 10, 23, 9, 15, 2, 987))).toBe('2026-11-23 09:15:02Z')
  })

  it('that never were are a dash', () => {
    expect(timeText(null)).toBe('-')
  })

  it('of a machine are those of its wall clock', () => {
    expect(localTimeText(new Date(2026, 0, 5, 7, 8, 9).getTime())).toBe('2026-01-05 07:08:09')
    expect(localTimeText(new Date(2026, 11, 31, 23, 59, 59).getTime())).toBe('2026-12-31 23:59:59')
  })
})

describe('durations', () => {
  it.each([
    [0, '0.0 s'],
    [1_240, '1.2 s'],
    [10_000, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 0 s'],
    [200_000, '3 min 20 s'],
    [3_599_000, '59 min 59 s'],
    [3_600_000, '1 h 0 min'],
    [90_060_000, '25 h 1 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})
