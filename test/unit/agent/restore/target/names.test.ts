import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUtf8 } from 'node:buffer'
import { utf8 } from '../../../../../src/base/bytes.ts'
import { withHeldNames } from '../../../../../src/agent/restore/held-names.ts'
import type { PlanItem, RestorePlan } from '../../../../../src/agent/restore/plan.ts'
import {
  foldedName,
  heldName,
  nameRulesFor,
  numberedName,
  originalName,
  type NameRules,
} from '../../../../../src/agent/restore/target/names.ts'

const held = (name: string, rules: NameRules = 'windows'): string =>
  Buffer.from(heldName(utf8(name), rules)).toString()

/** What Windows refuses, or takes for something else. */
const isRefused = (name: string): boolean =>
  Array.from(name).some((character) => character < ' ' || '"*:<>?\\|/'.includes(character)) ||
  /[. ]$/.test(name) ||
  /^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)/i.test(name)

describe('a name on Windows', () => {
  it.each([
    ['plain.txt', 'plain.txt'],
    ['100% sure', '100% sure'],
    ['a%20page.html', 'a%20page.html'],
    ['.hidden', '.hidden'],
    ['a:b', 'a%3Ab'],
    ['what?', 'what%3F'],
    ['back\\slash', 'back%5Cslash'],
    ['ends with dot.', 'ends with dot%2E'],
    ['ends with space ', 'ends with space%20'],
    ['tab\there', 'tab%09here'],
    ['con', '%63on'],
    ['NUL.txt', '%4EUL.txt'],
    ['com1', '%63om1'],
    ['console', 'console'],
    ['a%3Ab', 'a%253Ab'],
    ['%~1~name', '%25~1~name'],
    ['%~1 name', '%~1 name'],
    ['Größe', 'Größe'],
  ])('%j becomes %j', (name, expected) => {
    expect(held(name)).toBe(expected)
  })

  it('is one that Windows takes, and leads back to what it was', () => {
    const parts = fc.constantFrom(
      ...'a%~:?.\\ \t|*13AFconul-é5C2E'.split(''),
      '%3A',
      'con',
      'COM1',
      '%~1~',
    )
    const names = fc.oneof(
      fc.array(parts, { minLength: 1, maxLength: 8 }).map((list) => utf8(list.join(''))),
      fc
        .uint8Array({ minLength: 1, maxLength: 12 })
        .map((bytes) => bytes.map((b) => (b === 0 || b === 47 ? 65 : b))),
    )
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 30 }), (name, number) => {
        const became = heldName(name, 'windows')
        expect(isUtf8(became)).toBe(true)
        expect(isRefused(Buffer.from(became).toString())).toBe(false)
        expect(Buffer.from(originalName(became))).toEqual(Buffer.from(name))
        expect(Buffer.from(originalName(numberedName(became, number)))).toEqual(Buffer.from(name))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a name on macOS', () => {
  it('is changed only where it is no UTF-8', () => {
    expect(held('a:b?. ', 'unicode')).toBe('a:b?. ')
    const latin1 = Buffer.from('gr\xfc\xdfe', 'latin1')
    const became = heldName(latin1, 'unicode')
    expect(Buffer.from(became).toString()).toBe('gr%FC%DFe')
    expect(Buffer.from(originalName(became))).toEqual(latin1)
  })
})

it('knows FAT, NTFS and SMB on Linux, where any bytes are a name elsewhere', () => {
  expect(nameRulesFor('linux', 0xef53)).toBe('bytes')
  expect(
    [0x4d44, 0x5346544e, 0xff534d42, 0xff534d42 | 0].map((t) => nameRulesFor('linux', t)),
  ).toEqual(['windows', 'windows', 'windows', 'windows'])
  expect(nameRulesFor('darwin', 26)).toBe('unicode')
  expect(nameRulesFor('win32', 0)).toBe('windows')
})

it('takes for equal what differs in case or in how accents are spelt', () => {
  const same = [
    ['README', 'readme'],
    ['é', 'e\u0301'],
    ['STRASSE', 'straße'],
    ['Å', '\u212b'],
  ] as const
  for (const [a, b] of same) expect(foldedName(utf8(a))).toBe(foldedName(utf8(b)))
  expect(foldedName(utf8('a'))).not.toBe(foldedName(utf8('b')))
})

describe('names of one directory that the target takes for one', () => {
  const item = (kind: 'directory' | 'leaf' | 'end', path: string): PlanItem => {
    const place = path === '' ? [] : path.split('/').map(utf8)
    return { kind, path: place, place } as unknown as PlanItem
  }
  const placesOf = async (items: PlanItem[], rules: NameRules) => {
    const plan: RestorePlan = {
      items: async function* () {
        await Promise.resolve()
        yield* items
      },
    }
    const places: string[] = []
    for await (const { place } of withHeldNames(plan, rules).items()) {
      places.push(place.map((name) => Buffer.from(name).toString()).join('/'))
    }
    return places
  }
  const items = [
    item('directory', ''),
    item('directory', 'Docs'),
    item('leaf', 'Docs/a'),
    item('end', 'Docs'),
    item('directory', 'docs'),
    item('leaf', 'docs/A'),
    item('leaf', 'docs/a'),
    item('end', 'docs'),
    item('leaf', 'dOcs'),
    item('end', ''),
  ]

  it('get a number, and what lies in a directory goes with it', async () => {
    expect(await placesOf(items, 'unicode')).toEqual([
      ...['', 'Docs', 'Docs/a', 'Docs'],
      ...['%~1~docs', '%~1~docs/A', '%~1~docs/%~1~a', '%~1~docs'],
      ...['%~2~dOcs', ''],
    ])
  })

  it('stay as they are where the target tells them apart', async () => {
    expect(await placesOf(items, 'bytes')).toContain('docs/A')
  })
})
