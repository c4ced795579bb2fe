import { describe, expect, it } from 'vitest'
import { createByteCache } from '../../../src/base/byte-cache.ts'

const keysOf = (cache: ReturnType<typeof createByteCache<string>>, keys: string) =>
  keys
    .split('')
    .filter((key) => cache.get(key) !== undefined)
    .join('')

describe('a cache that is bounded in bytes', () => {
  it('gives back what was put in, until it is deleted', () => {
    const cache = createByteCache<string>(10)
    cache.set('a', 'value', 4)
    expect(cache.get('a')).toBe('value')
    cache.delete('a')
    expect(cache.get('a')).toBeUndefined()
  })

  it('keeps exactly as many bytes as it may', () => {
    const cache = createByteCache<string>(10)
    cache.set('a', '', 5)
    cache.set('b', '', 5)
    expect(keysOf(cache, 'ab')).toBe('ab')
    cache.set('c', '', 1)
    expect(keysOf(cache, 'abc')).toBe('bc')
  })

  it('lets go first of what was not used for longest', () => {
    const cache = createByteCache<string>(3)
    for (const key of 'abc') cache.set(key, '', 1)
    cache.get('a')
    cache.set('d', '', 1)
    expect(keysOf(cache, 'abcd')).toBe('acd')
  })

  it('lets go of as much as a large value needs', () => {
    const cache = createByteCache<string>(10)
    for (const key of 'abcde') cache.set(key, '', 2)
    cache.set('f', '', 7)
    expect(keysOf(cache, 'abcdef')).toBe('ef')
  })

  it('does not keep a value that is larger than itself, nor the one that it should have replaced', () => {
    const cache = createByteCache<string>(10)
    cache.set('a', 'old', 2)
    cache.set('b', 'other', 2)
    cache.set('a', 'new', 11)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.get('b')).toBe('other')
  })

  it('counts a replaced or deleted value no more', () => {
    const cache = createByteCache<string>(10)
    cache.set('a', 'old', 9)
    cache.set('a', 'new', 1)
    cache.set('b', '', 9)
    expect(cache.get('a')).toBe('new')
    cache.delete('b')
    cache.delete('b')
    cache.set('c', '', 9)
    expect(keysOf(cache, 'abc')).toBe('ac')
  })
})
