import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bufferOf, utf8 } from '../../src/base/bytes.ts'
import { fromDisplay, toDisplay } from '../../src/model/path-text.ts'
import { absolutePath, joinPath, parentPath, parsePath, splitPath } from '../../src/model/path.ts'

const tricky = fc.constantFrom(
  '\\',
  'x',
  '5',
  'c',
  'F',
  'f',
  '\u202e',
  '\n',
  'ü',
  '\u200d',
  ':',
  '.',
)
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.array(tricky, { maxLength: 30 }).map((characters) => utf8(characters.join(''))),
)
const name = bytes.filter(
  (candidate) =>
    candidate.length > 0 &&
    !candidate.includes(0) &&
    !candidate.includes(0x2f) &&
    !['.', '..'].includes(bufferOf(candidate).toString('latin1')),
)
const names = fc.array(name, { maxLength: 6 })

const plain = (parts: readonly Uint8Array[]) => parts.map((part) => [...part])

describe('bytes shown as text', () => {
  it('can be had back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect([...fromDisplay(toDisplay(value))]).toEqual([...value])
      }),
    )
  })

  it('never hold a control character', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toDisplay(value)).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u)
      }),
    )
  })
})

describe('paths', () => {
  it('split into the names that they were made of', () => {
    fc.assert(
      fc.property(names, (parts) => {
        expect(plain(splitPath(absolutePath(parts, 'linux')))).toEqual(plain(parts))
      }),
    )
  })

  it('shown to people and given back mean the same', () => {
    fc.assert(
      fc.property(names, (parts) => {
        const path = absolutePath(parts, 'linux')
        expect([...parsePath(toDisplay(path), '/elsewhere', 'linux')]).toEqual([...path])
      }),
    )
  })

  it('have the parent that they were joined to', () => {
    fc.assert(
      fc.property(names, name, (parts, last) => {
        const directory = absolutePath(parts, 'linux')
        expect([...parentPath(joinPath(directory, last, 'linux'))]).toEqual([...directory])
      }),
    )
  })
})
