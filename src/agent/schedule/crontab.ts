/** The text of a crontab (crontab(5)): one entry of ours between two markers, everything else byte for byte as it was. */

import { BackupError } from '../../base/errors.ts'
import { lookWords, type Job } from './facility.ts'

const begin = '# BEGIN backup-agent'
const end = '# END backup-agent'
const note =
  '# Looks every quarter of an hour; the policy decides. Changed by: backup schedule install'

/** Cron reads that many characters of a line. */
const longestLine = 998

/**
 * Cron knows neither time zones nor every n-th week, so it looks often. `env` sets a variable in every shell that a
 * SHELL= above may name; cron takes an unescaped % for a line break, also between quotes.
 * @throws BackupError `usage` for a line that is too long for cron
 */
export function entryText({ program, stateDirectory }: Job): string {
  const words = [`BACKUP_STATE_DIR=${stateDirectory}`, program.node, program.script]
  const line = `*/15 * * * * env ${words.map(quoted).join(' ')} ${lookWords.join(' ')}`
  if (Buffer.byteLength(line) <= longestLine) return line
  throw new BackupError('usage', 'The paths are too long for a line of a crontab.', {
    hint: `Cron reads ${longestLine} characters. Use shorter paths, or another facility by --with.`,
  })
}

/** For a POSIX shell, and then for cron. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`.replaceAll('%', '\\%')

/** The crontab with the entry, where it stood or at the end. @throws BackupError `usage` */
export function withEntry(crontab: Buffer, entry: string): Buffer {
  const block = Buffer.from(`${[begin, note, entry, end].join('\n')}\n`)
  const place = findBlock(crontab)
  if (place !== undefined) {
    return Buffer.concat([crontab.subarray(0, place.from), block, crontab.subarray(place.to)])
  }
  const isOpen = crontab.length > 0 && crontab.at(-1) !== newline
  return Buffer.concat([crontab, Buffer.from(isOpen ? '\n' : ''), block])
}

/** @throws BackupError `usage` */
export function withoutEntry(crontab: Buffer): Buffer {
  const place = findBlock(crontab)
  if (place === undefined) return crontab
  return Buffer.concat([crontab.subarray(0, place.from), crontab.subarray(place.to)])
}

/** What stands between the markers; undefined: they are not there. @throws BackupError `usage` */
export function entryOf(crontab: Buffer): string | undefined {
  return findBlock(crontab)?.entry
}

const newline = 0x0a

interface Block {
  /** Bytes of the crontab, the markers' lines included. */
  readonly from: number
  readonly to: number
  readonly entry: string
}

/** Nothing is touched between markers that hold anything but what this program writes. */
function findBlock(crontab: Buffer): Block | undefined {
  const lines = linesOf(crontab)
  const marks = lines.filter(({ text }) => text === begin || text === end)
  const [first, last] = marks
  if (first === undefined) return undefined
  if (last === undefined || marks.length > 2 || first.text !== begin || last.text !== end) {
    throw changed(`"${begin}" and "${end}" do not stand there once each, in this order`)
  }
  const [comment, entry, ...others] = lines.slice(lines.indexOf(first) + 1, lines.indexOf(last))
  if (comment?.text !== note || !isOurs(entry?.text ?? '') || others.length > 0) {
    throw changed(`there are other lines between "${begin}" and "${end}"`)
  }
  return { from: first.from, to: last.to, entry: entry?.text ?? '' }
}

const isOurs = (line: string): boolean =>
  line.startsWith('*/15 * * * * env ') && line.endsWith(` ${lookWords.join(' ')}`)

function* cuts(bytes: Buffer): Iterable<readonly [number, number]> {
  for (let from = 0; from < bytes.length;) {
    const at = bytes.indexOf(newline, from)
    const to = at < 0 ? bytes.length : at + 1
    yield [from, to]
    from = to
  }
}

const linesOf = (crontab: Buffer) =>
  [...cuts(crontab)].map(([from, to]) => ({
    ...{ from, to },
    text: crontab.subarray(from, to).toString().replace(/\n$/, ''),
  }))

const changed = (what: string): BackupError =>
  new BackupError('usage', `The crontab was changed by hand: ${what}. Nothing was done.`, {
    hint: `Run crontab -e, and take out the lines from "${begin}" to "${end}", or what does not belong there.`,
  })
