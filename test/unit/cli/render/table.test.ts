import { describe, expect, it } from 'vitest'
import { printable, tableLines } from '../../../../src/cli/render/table.ts'

interface Row {
  readonly name: string
  readonly files: number
}

const columns = [
  { title: 'NAME', cell: (row: Row) => row.name },
  { title: 'FILES', cell: (row: Row) => String(row.files), right: true },
  { title: 'END', cell: () => '' },
]

describe('a table', () => {
  it('has columns as wide as their longest cell, and numbers to the right', () => {
    const rows = [
      { name: 'a', files: 1 },
      { name: 'longer', files: 1234567 },
    ]
    expect(tableLines(rows, columns)).toEqual([
      'NAME      FILES  END',
      'a             1',
      'longer  1234567',
    ])
  })

  it('without rows is its head', () => {
    expect(tableLines([], columns)).toEqual(['NAME  FILES  END'])
  })

  it('lets no cell move the cursor or break a line', () => {
    const [, line = ''] = tableLines([{ name: 'a\u001b[2J\nb', files: 0 }], columns)
    expect(line).toBe('a?[2J?b      0')
  })
})

it('what is printable stays as it is', () => {
  expect(printable('größe 数据 ✅')).toBe('größe 数据 ✅')
  expect(printable('\u0000\t\u009b')).toBe('???')
})
