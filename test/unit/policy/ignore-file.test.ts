import { describe, expect, it } from 'vitest'
import { createIgnoreFile, ignoredBy } from '../../../src/policy/ignore-file.ts'

const file = (directory: string, ...lines: string[]) =>
  createIgnoreFile(directory, lines.join('\n'), false)

describe('ignore files', () => {
  it('hold below their directory, with patterns read from there', () => {
    const files = [file('home/me', '# comment', '/top', 'build/', '*.o')]
    const left = (path: string, isDirectory = false) =>
      ignoredBy(files, `home/me/${path}`, isDirectory)?.pattern
    expect(left('top')).toBe('/top')
    expect(left('inner/top')).toBeUndefined()
    expect(left('inner/build', true)).toBe('build/')
    expect(left('inner/build')).toBeUndefined()
    expect(left('a/b/c.o')).toBe('*.o')
  })

  it('further in count for more', () => {
    const files = [file('a', '*.log', '!keep.log'), file('a/b', '!x.log', 'keep.log')]
    expect(ignoredBy(files, 'a/b/x.log', false)).toBeUndefined()
    expect(ignoredBy(files, 'a/b/y.log', false)).toEqual({
      file: 'a/.backupignore',
      pattern: '*.log',
    })
    expect(ignoredBy(files, 'a/b/keep.log', false)).toEqual({
      file: 'a/b/.backupignore',
      pattern: 'keep.log',
    })
  })

  it('that take a directory back take back what is in it', () => {
    const files = [file('', 'b/'), file('a', '!b/')]
    expect(ignoredBy(files, 'a/b', true)).toBeUndefined()
    expect(ignoredBy(files, 'a/b/c', false)).toBeUndefined()
    expect(ignoredBy(files.slice(0, 1), 'x/b', true)).toEqual({
      file: '.backupignore',
      pattern: 'b/',
    })
  })

  it('may begin with a byte order mark and end lines as Windows does', () => {
    const files = [createIgnoreFile('a', '\ufeff*.tmp\r\n*.bak\r\n', false)]
    expect(ignoredBy(files, 'a/x.tmp', false)?.pattern).toBe('*.tmp')
    expect(ignoredBy(files, 'a/x.bak', false)?.pattern).toBe('*.bak')
  })
})
