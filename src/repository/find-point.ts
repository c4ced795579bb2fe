/** The point that a person means: by the beginning of its id, `latest`, or a time. */

import { BackupError } from '../base/errors.ts'
import type { SourceName } from '../model/ids.ts'
import type { PointFacts } from './point-reader.ts'

/**
 * `text`: at least 4 digits of an id; `latest`; or an ISO 8601 date or date-time, in local time where it names no zone,
 * which means the newest point at or before it (a date: before its end).
 * @throws BackupError `unknown-point`, `unknown-source`; `usage` for anything ambiguous
 */
export function findPoint(
  points: readonly PointFacts[],
  text: string,
  source?: SourceName,
): PointFacts {
  const candidates = ofSource(points, source)
  const untilMs = text === 'latest' ? Infinity : parseTime(text)
  if (untilMs === undefined) return byId(candidates, text)
  refuseSeveralSources(candidates)
  const newest = candidates.findLast((point) => point.vaultTimeMs <= untilMs)
  if (newest !== undefined) return newest
  throw unknown(`There is no recovery point at or before ${text}.`)
}

function ofSource(
  points: readonly PointFacts[],
  source: SourceName | undefined,
): readonly PointFacts[] {
  const found = source === undefined ? points : points.filter((point) => point.source === source)
  if (found.length > 0) return found
  if (points.length === 0) {
    throw new BackupError('unknown-point', 'There is no recovery point yet.', {
      hint: 'Make one with: backup run',
    })
  }
  const known = [...new Set(points.map((point) => point.source))].join(', ')
  throw new BackupError(
    'unknown-source',
    `There is no recovery point of a source ${source ?? ''}.`,
    {
      hint: `There are points of: ${known}.`,
    },
  )
}

function refuseSeveralSources(points: readonly PointFacts[]): void {
  const sources = [...new Set(points.map((point) => point.source))]
  if (sources.length < 2) return
  throw new BackupError('usage', `There are points of several sources: ${sources.join(', ')}.`, {
    hint: 'Say which one with --source NAME.',
  })
}

const leastDigits = 4

function byId(points: readonly PointFacts[], text: string): PointFacts {
  const prefix = text.toLowerCase()
  if (!/^[0-9a-f]{1,64}$/.test(prefix)) {
    throw unknown(`${JSON.stringify(text)} names no recovery point.`)
  }
  if (prefix.length < leastDigits) {
    throw new BackupError('usage', `${text} is too short for the id of a recovery point.`, {
      hint: `Give at least ${leastDigits} digits.`,
    })
  }
  const found = points.filter((point) => point.id.startsWith(prefix))
  const [only] = found
  if (only === undefined) throw unknown(`There is no recovery point ${text}.`)
  if (found.length === 1) return only
  const ids = found.slice(0, 5).map((point) => point.id.slice(0, 12))
  throw new BackupError('usage', `${text} begins the ids of ${found.length} recovery points.`, {
    hint: `Give more digits: ${ids.join(', ')}.`,
  })
}

const unknown = (message: string): BackupError =>
  new BackupError('unknown-point', message, {
    hint: 'A point is the beginning of its id, latest, or a time like 2026-11-23 or 2026-11-23T21:00. List them with: backup points',
  })

const timePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3})\d*)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

/** Milliseconds; undefined for what has not the form of a time. @throws BackupError `usage` for a 31 February */
function parseTime(text: string): number | undefined {
  const match = timePattern.exec(text.trim())
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour, minute, second] = match.slice(1, 7).map(numberOf)
  const isDate = hour === undefined
  const fields = [hour ?? 23, minute ?? 59, second ?? (isDate ? 59 : 0)] as const
  const ms = isDate ? 999 : Number((match[7] ?? '').padEnd(3, '0'))
  if (!isRealTime([year, month, day], fields)) {
    throw new BackupError('usage', `There is no such time: ${text}.`, {
      hint: 'Write the year, the month, then the day: 2026-11-23, or 2026-11-23T21:00.',
    })
  }
  const zone = match[8]
  if (zone === undefined) return new Date(year, month - 1, day, ...fields, ms).getTime()
  return Date.UTC(year, month - 1, day, ...fields, ms) - offsetMs(zone)
}

/** Undefined for a part that was left away. */
const numberOf = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number(digits)

function isRealTime(
  [year, month, day]: readonly [number, number, number],
  [hour, minute, second]: readonly [number, number, number],
): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isDate && hour < 24 && minute < 60 && second < 60
}

/** Of `Z`, `+02`, `+0200` or `+02:00`. */
function offsetMs(zone: string): number {
  const digits = zone.replace(':', '').slice(1)
  if (digits === '') return 0
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || '0')
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
