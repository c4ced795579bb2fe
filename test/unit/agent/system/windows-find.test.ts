import { describe, expect, it } from 'vitest'
import { findPath, readFindData } from '../../../../src/agent/system/windows-find.ts'
import { utf8 } from '../../../../src/base/bytes.ts'

/** A WIN32_FIND_DATAW with `dwFileAttributes` and `dwReserved0`. */
function findData(attributes: number, reserved: number): DataView {
  const data = new DataView(new ArrayBuffer(592))
  data.setUint32(0, attributes, true)
  data.setUint32(36, reserved, true)
  return data
}

describe('what FindFirstFileW tells', () => {
  it('has a tag only where the name is a reparse point', () => {
    expect(readFindData(findData(0x0050_1420, 0x9000_601a))).toEqual({
      attributes: 0x0050_1420,
      reparseTag: 0x9000_601a,
    })
    expect(readFindData(findData(0x20, 0x9000_601a))).toEqual({
      attributes: 0x20,
      reparseTag: undefined,
    })
  })

  it('is asked for by the whole path, of any length, and never by a pattern or of a volume', () => {
    expect(findPath(utf8('C:/Users/Jörg/a.txt'))).toBe('\\\\?\\C:\\Users\\Jörg\\a.txt')
    for (const path of ['C:/', 'C:/a*', 'C:/a?b', '/a', '//server/share/a']) {
      expect(findPath(utf8(path)), path).toBeUndefined()
    }
  })
})
