/** Plain tables for people: columns as wide as their longest cell, two spaces between them. */

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Numbers stand to the right. */
  readonly right?: boolean
}

/** Lines without a line break; the first is the head. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => printable(column.cell(row)))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => (line[at] ?? '').length)))
  return cells.map((line) =>
    line
      .map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.right === true))
      .join('  ')
      .trimEnd(),
  )
}

const pad = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width)

/** Control characters would move a terminal's cursor. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?')
