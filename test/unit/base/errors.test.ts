import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  BackupError,
  errorCodeOf,
  errorTable,
  exitStatus,
  isErrorCode,
  messageOf,
  systemCodeOf,
} from '../../../src/base/errors.ts'

/** Rows of the page's tables whose first cell is a code or a status, as trimmed cells without their backquotes. */
function rowsBelow(heading: string): string[][] {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/errors.md'), 'utf8')
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('| '))
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim().replace(/^`|`$/g, '')),
  )
}

describe('docs/errors.md', () => {
  it('lists every exit status, and no other', () => {
    const listed = rowsBelow('Exit statuses').map(([status, name]) => [name, Number(status)])
    expect(listed).toEqual(Object.entries(exitStatus))
  })

  it('lists every error code in the order of the table, and no other', () => {
    expect(rowsBelow('Error codes').map(([code]) => code)).toEqual(Object.keys(errorTable))
  })

  it.each(Object.entries(errorTable))('says of %s what the table says', (code, facts) => {
    const row = rowsBelow('Error codes').find(([listed]) => listed === code) ?? []
    const [, exit, http, again, meaning, advice] = row
    expect({ exit: Number(exit), http: Number(http), again }).toEqual({
      exit: exitStatus[facts.exit],
      http: facts.http,
      again: facts.retryable ? 'yes' : 'no',
    })
    expect(row).toHaveLength(6)
    expect(meaning).not.toBe('')
    expect(advice).not.toBe('')
  })
})

describe('an error', () => {
  it('knows by its code how a command ends and whether trying again may help', () => {
    expect(new BackupError('unreachable', '')).toMatchObject({
      exit: 'unreachable',
      retryable: true,
    })
    expect(new BackupError('damaged', '')).toMatchObject({ exit: 'damage', retryable: false })
  })

  it('keeps its message, hint, facts and cause', () => {
    const cause = new Error('inner')
    const error = new BackupError('damaged', 'It is damaged.', {
      hint: 'Verify.',
      facts: { id: 'ab' },
      cause,
    })
    expect(error).toMatchObject({ message: 'It is damaged.', hint: 'Verify.', facts: { id: 'ab' } })
    expect(error.cause).toBe(cause)
    expect(new BackupError('damaged', '')).not.toHaveProperty('cause')
  })

  it('that asks for another request than the one that failed is not repeated as it is', () => {
    for (const code of ['head-moved', 'commit-missing', 'usage'] as const) {
      expect(new BackupError(code, '').retryable, code).toBe(false)
    }
  })

  it('has statuses that a shell can tell apart', () => {
    const statuses = Object.values(exitStatus)
    expect(new Set(statuses).size).toBe(statuses.length)
    expect(statuses.every((status) => status >= 0 && status < 256)).toBe(true)
  })
})

describe('what was thrown', () => {
  const system = Object.assign(new Error('gone'), { code: 'ENOENT' })
  const known = new BackupError('busy', 'Another run goes on.')

  it('is one of ours, or of the system, or neither', () => {
    expect([errorCodeOf(known), systemCodeOf(known)]).toEqual(['busy', undefined])
    expect([errorCodeOf(system), systemCodeOf(system)]).toEqual([undefined, 'ENOENT'])
    for (const other of [new Error('x'), 'text', undefined, { code: 'ENOENT' }]) {
      expect([errorCodeOf(other), systemCodeOf(other)]).toEqual([undefined, undefined])
    }
  })

  it('has a sentence for people, whatever it is', () => {
    expect([messageOf(known), messageOf('text'), messageOf(undefined)]).toEqual([
      'Another run goes on.',
      'text',
      'undefined',
    ])
  })

  it.each(['toString', 'constructor', '__proto__', 'Busy', ''])('%j is no code', (text) => {
    expect(isErrorCode(text)).toBe(false)
  })
})
