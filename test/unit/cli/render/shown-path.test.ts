import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { pathFields, pathOfNames } from '../../../../src/cli/render/shown-path.ts'

const text = (path: Uint8Array) => Buffer.from(path).toString()

describe('a path in an event', () => {
  it('is the path, where it is UTF-8', () => {
    expect(pathFields(utf8('/home/größe'))).toEqual({ path: '/home/größe' })
  })

  it('that is no UTF-8 comes with its bytes', () => {
    const path = Uint8Array.of(0x2f, 0x66, 0xff)
    expect(pathFields(path)).toEqual({ path: '/f\\xff', pathBase64: 'L2b/' })
  })

  it('brings no escape sequence to a terminal', () => {
    expect(pathFields(utf8('/a\u001b[2J')).path).toBe('/a\\x1b[2J')
  })
})

describe('names from the root on', () => {
  it.each([
    [['home', 'a'], 'linux', '/home/a'],
    [['Users', 'a'], 'darwin', '/Users/a'],
    [['D', 'data', 'a'], 'win32', 'D:/data/a'],
    [['D'], 'win32', 'D:/'],
    [[], 'linux', '/'],
    [[], 'win32', '/'],
  ])('%j of %s are %s', (names, system, path) => {
    expect(text(pathOfNames(names.map(utf8), system))).toBe(path)
  })
})
