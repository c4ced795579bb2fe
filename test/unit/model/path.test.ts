import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { BackupError } from '../../../src/base/errors.ts'
import {
  absolutePath,
  joinPath,
  parentPath,
  parsePath,
  splitPath,
} from '../../../src/model/path.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const texts = (parts: readonly Uint8Array[]) => parts.map(text)

describe('paths', () => {
  it('join with one slash', () => {
    expect(text(joinPath(utf8('/home'), utf8('a'), 'linux'))).toBe('/home/a')
    expect(text(joinPath(utf8('/'), utf8('a'), 'linux'))).toBe('/a')
    expect(text(joinPath(utf8('D:/'), utf8('a'), 'win32'))).toBe('D:/a')
    expect(text(joinPath(utf8('D:/a'), utf8('b'), 'win32'))).toBe('D:/a/b')
    expect(text(joinPath(utf8('/'), utf8('D'), 'win32'))).toBe('D:/')
    expect([...joinPath(utf8('/'), Uint8Array.of(0xff), 'linux')]).toEqual([0x2f, 0xff])
  })

  it.each([
    ['/', '/'],
    ['/a', '/'],
    ['/a/b', '/a'],
    ['D:/', 'D:/'],
    ['D:/x', 'D:/'],
    ['D:/x/y', 'D:/x'],
    ['/x:/y', '/x:'],
  ])('the parent of %s is %s', (path, parent) => {
    expect(text(parentPath(utf8(path)))).toBe(parent)
  })

  it.each([
    ['/', [], 'linux'],
    ['/', [], 'win32'],
    ['/home/a', ['home', 'a'], 'linux'],
    ['/a:/b', ['a:', 'b'], 'linux'],
    ['D:/', ['D'], 'win32'],
    ['D:/x/y', ['D', 'x', 'y'], 'win32'],
  ] as const)(
    '%s has the components %j, and comes back from them',
    (path, components, platform) => {
      expect(texts(splitPath(utf8(path)))).toEqual(components)
      expect(text(absolutePath(components.map(utf8), platform))).toBe(path)
    },
  )
})

describe('a path as given', () => {
  it.each([
    ['/home/a', '/home/a'],
    ['/home//a/', '/home/a'],
    ['/home/./a/../b', '/home/b'],
    ['/../..', '/'],
    ['docs', '/cwd/docs'],
    ['.', '/cwd'],
    ['..', '/'],
    ['../x', '/x'],
    ['...', '/cwd/...'],
    ['a\\b', '/cwd/a\\b'],
    ['/unit-a\\x2db.service', '/unit-a\\x2db.service'],
    ['/ü', '/\u00c3\u00bc'],
    ['/a\\xffb', '/a\u00ffb'],
    ['/line\\x0abreak', '/line\nbreak'],
  ])('on POSIX, %j is %j', (given, path) => {
    expect(text(parsePath(given, '/cwd', 'linux'))).toBe(path)
  })

  it.each([
    ['D:\\x', 'D:/x'],
    ['d:/x/', 'D:/x'],
    ['D:\\', 'D:/'],
    ['x\\y', 'C:/cwd/x/y'],
    ['\\x', 'C:/x'],
    ['..', 'C:/'],
    ['C:\\xff', 'C:/xff'],
  ])('on Windows, %j is %j', (given, path) => {
    expect(text(parsePath(given, 'C:\\cwd', 'win32'))).toBe(path)
  })

  it.each([
    ['', 'linux'],
    ['/a\0b', 'linux'],
    ['/a\\x00b', 'linux'],
    ['', 'win32'],
    ['\\\\server\\share\\x', 'win32'],
  ] as const)('%j is refused on %s', (given, platform) => {
    expect(() => parsePath(given, platform === 'win32' ? 'C:\\' : '/', platform)).toThrow(
      BackupError,
    )
  })
})
