import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { fromDisplay, notFoundHint, toDisplay } from '../../../src/model/path-text.ts'

describe('a name shown to people', () => {
  it.each([
    ['plain.txt'],
    ['größe 数据 ✅'],
    ['family 👨‍👩‍👧'],
    ['می‌خواهم'],
    ['back\\slash'],
    ['dev-disk-by\\x2duuid.swap'],
    ['\\x'],
    ['\\xzz'],
    ['\ufffd'],
  ])('%s stays as it is', (name) => {
    expect(toDisplay(utf8(name))).toBe(name)
    expect(fromDisplay(name)).toEqual(utf8(name))
  })

  it.each([
    ['line\nbreak', 'line\\x0abreak'],
    ['tab\tand\x7fdelete', 'tab\\x09and\\x7fdelete'],
    ['\x1b[31mred', '\\x1b[31mred'],
    ['\u009b31m', '\\xc2\\x9b31m'],
    ['gpj\u202etxt.exe', 'gpj\\xe2\\x80\\xaetxt.exe'],
    ['\u2066isolate\u2069', '\\xe2\\x81\\xa6isolate\\xe2\\x81\\xa9'],
    ['\u2028', '\\xe2\\x80\\xa8'],
    ['\ufeffbom', '\\xef\\xbb\\xbfbom'],
    ['looks like \\xff', 'looks like \\x5cxff'],
    ['looks like \\x5C', 'looks like \\x5cx5C'],
  ])('%j is shown as %s', (name, shown) => {
    expect(toDisplay(utf8(name))).toBe(shown)
    expect(fromDisplay(shown)).toEqual(utf8(name))
  })

  it.each([
    [[0x62, 0xff, 0x61], 'b\\xffa'],
    [[0xc3], '\\xc3'],
    [[0xc3, 0x28], '\\xc3('],
    [[0xe2, 0x82], '\\xe2\\x82'],
    [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    [[0xc0, 0xaf], '\\xc0\\xaf'],
    [[0xf8, 0x88, 0x80, 0x80], '\\xf8\\x88\\x80\\x80'],
    [[0xc3, 0xbc, 0xfe], 'ü\\xfe'],
  ])('bytes %j, no UTF-8, are shown as %s', (bytes, shown) => {
    expect(toDisplay(Uint8Array.from(bytes))).toBe(shown)
    expect([...fromDisplay(shown)]).toEqual(bytes)
  })
})

describe('the hint for a path that was not found', () => {
  it('tells how bytes are written that did not arrive as they were typed', () => {
    expect(notFoundHint('/home/gr\u00fcn', 'Look again.')).toBe('Look again.')
    const typed = Buffer.from([0x61, 0xff]).toString()
    expect(notFoundHint(typed, 'Look again.')).toContain('is written \\xHH')
  })
})
