import { describe, expect, it } from 'vitest'
import { parseRecordHash, parseSourceName } from '../../../src/model/ids.ts'
import { findPoint } from '../../../src/repository/find-point.ts'
import type { PointFacts } from '../../../src/repository/point-reader.ts'

const point = (id: string, time: Date, source = 'files', seq = 1): PointFacts =>
  ({
    id: parseRecordHash(id.padEnd(64, '0')),
    source: parseSourceName(source),
    seq,
    vaultTimeMs: time.getTime(),
  }) as PointFacts

const points = [
  point('aaaa11', new Date(2026, 10, 20, 21, 0)),
  point('aaaa22', new Date(2026, 10, 21, 21, 0)),
  point('bbbb33', new Date(2026, 10, 23, 21, 0)),
]
const mail = [point('cccc44', new Date(2026, 10, 22, 9, 0), 'mail')]

const found = (text: string, source?: string) =>
  findPoint(points, text, source === undefined ? undefined : parseSourceName(source)).id.slice(0, 6)

describe('the point that is meant', () => {
  it.each([
    ['bbbb', 'bbbb33'],
    ['AAAA2', 'aaaa22'],
    ['latest', 'bbbb33'],
    ['2026-11-22', 'aaaa22'],
    ['2026-11-21', 'aaaa22'],
    ['2026-11-21T20:59', 'aaaa11'],
    ['2026-11-21 21:00:00', 'aaaa22'],
    ['2026-11-21T21:00:00.000', 'aaaa22'],
    [new Date(2026, 10, 23, 21, 0).toISOString(), 'bbbb33'],
    [new Date(2026, 10, 23, 20, 59).toISOString(), 'aaaa22'],
  ])('%s is %s', (text, id) => {
    expect(found(text)).toBe(id)
  })

  it('reads zones', () => {
    const one = [point('dddd', new Date('2026-11-23T12:00:00Z'))]
    expect(() => findPoint(one, '2026-11-23T13:59:59+02:00')).toThrow()
    expect(findPoint(one, '2026-11-23T14:00+0200')).toBe(one[0])
    expect(findPoint(one, '2026-11-23T07:00-05')).toBe(one[0])
  })

  it.each([
    ['aaaa', 'usage'],
    ['aaa', 'usage'],
    ['dddd', 'unknown-point'],
    ['yesterday', 'unknown-point'],
    ['2026-11-19', 'unknown-point'],
    ['2026-02-31', 'usage'],
    ['2026-11-20T25:00', 'usage'],
  ])('%s is refused as %s', (text, code) => {
    expect(() => findPoint(points, text)).toThrow(expect.objectContaining({ code }) as Error)
  })

  it('needs a source for latest and times when there are several, not for ids', () => {
    const all = [...points, ...mail]
    for (const text of ['latest', '2026-11-23']) {
      expect(() => findPoint(all, text)).toThrow(
        expect.objectContaining({ code: 'usage' }) as Error,
      )
      expect(findPoint(all, text, parseSourceName('mail'))).toBe(mail[0])
    }
    expect(findPoint(all, 'cccc')).toBe(mail[0])
  })

  it('refuses a source without points, and says which there are', () => {
    expect(() => found('latest', 'other')).toThrow(
      expect.objectContaining({
        code: 'unknown-source',
        hint: 'There are points of: files.',
      }) as Error,
    )
    expect(() => findPoint([], 'latest')).toThrow(
      expect.objectContaining({ code: 'unknown-point' }) as Error,
    )
  })
})
