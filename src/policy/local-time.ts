/** From a local date and time of day to the instant, over every change of a zone's clock. */

import { dayMs, hourMs, minuteMs, secondMs } from '../base/clock.ts'
import { wallClock } from './calendar.ts'

/**
 * The first instant at which the clock of the zone shows that time of that day (days since 1970-01-01). Where the time
 * does not exist, the first instant after the gap; where it exists twice, the first. Undefined: the zone has no such
 * day, as a country that moves over the date line leaves one out.
 */
export function instantOf(day: number, minuteOfDay: number, timeZone: string): number | undefined {
  const local = day * dayMs + minuteOfDay * minuteMs
  const [early, late] = [local - furthestAhead, local + furthestBehind]
  const [before, after] = [offsetAt(early, timeZone), offsetAt(late, timeZone)]
  if (before === after) return local - before
  const change = changeBetween(early, late, timeZone)
  if (local - before < change) return local - before
  const isLeftOut = day * dayMs >= change + before && (day + 1) * dayMs <= change + after
  return isLeftOut ? undefined : Math.max(local - after, change)
}

/** Days since 1970-01-01, by the calendar of the zone. */
export const localDay = (timeMs: number, timeZone: string): number =>
  Math.floor(wallClock(timeMs, timeZone) / dayMs)

/** Further from UTC than any zone is. */
const furthestAhead = 15 * hourMs
const furthestBehind = 13 * hourMs

/** What the zone's clock shows minus UTC, ms. */
const offsetAt = (timeMs: number, timeZone: string): number =>
  wallClock(timeMs, timeZone) - Math.floor(timeMs / secondMs) * secondMs

/** The first instant with the later offset. There is one change in the time between: more within 28 hours never were. */
function changeBetween(fromMs: number, toMs: number, timeZone: string): number {
  const before = offsetAt(fromMs, timeZone)
  let [low, high] = [fromMs / secondMs, toMs / secondMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle * secondMs, timeZone) === before) low = middle
    else high = middle
  }
  return high * secondMs
}
