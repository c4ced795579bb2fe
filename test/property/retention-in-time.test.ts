/** Retention in a vault over months, and its tags, beside a second reckoning that goes by the scheduled instants one by one. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/base/clock.ts'
import { retentionTags, type RetentionTag } from '../../src/model/point-record.ts'
import { retentionRequestSchema } from '../../src/protocol/messages.ts'
import { instantOf } from '../../src/policy/local-time.ts'
import {
  defaultRetention,
  retentionOf,
  type DayOfMonth,
  type LastTagged,
  type RetentionPolicy,
} from '../../src/policy/retention.ts'
import { standingPoints } from '../../src/vault/catalog/points.ts'
import { confirmTime } from '../../src/vault/clock/vault-time.ts'
import { rebuildCatalog } from '../../src/vault/rebuild-catalog.ts'
import { changePolicy } from '../../src/vault/retention/change-policy.ts'
import { applyRetention } from '../../src/vault/retention/expire.ts'
import { commitNext } from '../support/committed-points.ts'
import { files, openTestVault, register, space, startMs } from '../support/test-vault.ts'

/** Whether a tag's instant is on a day of the calendar (days since 1970-01-01): by Date alone. */
function isDayOf(policy: RetentionPolicy, tag: RetentionTag, day: number): boolean {
  const date = new Date(day * dayMs)
  const { month, day: dayOfYear } = policy.yearly
  if (tag === 'weekly') return policy.daysOfWeek.includes(date.getUTCDay())
  if (tag === 'monthly') return isDayOfMonth(policy.monthly, date)
  return tag === 'daily' || (date.getUTCMonth() + 1 === month && isDayOfMonth(dayOfYear, date))
}

function isDayOfMonth(wanted: DayOfMonth, date: Date): boolean {
  const inDays = (days: number) => new Date(date.getTime() + days * dayMs)
  const isLastDay = inDays(1).getUTCDate() === 1
  if (wanted.kind === 'day') {
    return date.getUTCDate() === wanted.day || (isLastDay && date.getUTCDate() < wanted.day)
  }
  if (date.getUTCDay() !== wanted.weekday) return false
  if (wanted.nth === 5) return inDays(7).getUTCMonth() !== date.getUTCMonth()
  return Math.ceil(date.getUTCDate() / 7) === wanted.nth
}

/** A point takes the tag if an instant of it lies after the point that took it last. The first takes all. */
function tagsByInstants(times: readonly number[], policy: RetentionPolicy): RetentionTag[][] {
  const last = new Map<RetentionTag, number>()
  const instants = new Map(retentionTags.map((tag) => [tag, instantsOf(policy, tag, times)]))
  return times.map((time) =>
    retentionTags.filter((tag) => {
      const before = last.get(tag)
      const isNew = (instants.get(tag) ?? []).some((at) => at <= time && at > (before ?? -Infinity))
      if (policy.keep[tag] === null || (before !== undefined && !isNew)) return false
      last.set(tag, time)
      return true
    }),
  )
}

function instantsOf(policy: RetentionPolicy, tag: RetentionTag, times: readonly number[]) {
  const [from, to] = [(times[0] ?? 0) / dayMs - 2, (times.at(-1) ?? 0) / dayMs + 2]
  const instants: number[] = []
  for (let day = Math.floor(from); day <= to; day++) {
    if (!isDayOf(policy, tag, day)) continue
    const at = instantOf(day, policy.minuteOfDay, policy.timeZone)
    if (at !== undefined) instants.push(at)
  }
  return instants
}

const dayOfMonth: fc.Arbitrary<DayOfMonth> = fc.oneof(
  fc.record({ kind: fc.constant('day' as const), day: fc.integer({ min: 1, max: 31 }) }),
  fc.record({
    kind: fc.constant('weekday' as const),
    nth: fc.integer({ min: 1, max: 5 }),
    weekday: fc.integer({ min: 0, max: 6 }),
  }),
)

const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  keep: fc.constant(defaultRetention.keep),
  minuteOfDay: fc.integer({ min: 4 * 60, max: 1_439 }),
  daysOfWeek: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
  monthly: dayOfMonth,
  yearly: fc.record({ month: fc.integer({ min: 1, max: 12 }), day: dayOfMonth }),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu'),
})

test('any policy gives each tag to the first point at or after its instant, over years', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 20 * 24 }), { minLength: 30, maxLength: 90 })
  fc.assert(
    fc.property(policies, gaps, (policy, hours) => {
      let at = startMs
      const times = hours.map((gap) => (at += gap * hourMs))
      let last: LastTagged = {}
      const tags = times.map((time) => {
        const taken = retentionOf(policy, time, last).tags
        last = { ...last, ...Object.fromEntries(taken.map((tag) => [tag, time])) }
        return [...taken]
      })
      expect(tags).toEqual(tagsByInstants(times, policy))
    }),
    { numRuns: 60 },
  )
})

const berlin: RetentionPolicy = {
  keep: { daily: 10, weekly: 6, monthly: 4, yearly: 2 },
  minuteOfDay: 20 * 60,
  daysOfWeek: [0, 3],
  monthly: { kind: 'weekday', nth: 5, weekday: 5 },
  yearly: { month: 1, day: { kind: 'day', day: 31 } },
  timeZone: 'Europe/Berlin',
}
const days = 170
const [longerOn, shorterOn, waitsFor] = [60, 100, 14]

/** When a point of the policy above goes, with so many daily points. */
function endOf(time: number, tags: readonly RetentionTag[], dailyDays: number): number {
  const months = (count: number) => {
    const date = new Date(time)
    const wanted = date.getUTCDate()
    date.setUTCDate(1)
    date.setUTCMonth(date.getUTCMonth() + count)
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
    date.setUTCDate(Math.min(wanted, last))
    return date.getTime()
  }
  const ends = {
    daily: time + dailyDays * dayMs,
    weekly: time + 42 * dayMs,
    monthly: months(4),
    yearly: months(24),
  }
  return Math.max(...(tags.length === 0 ? (['daily'] as const) : tags).map((tag) => ends[tag]))
}

const dailyOn = (day: number): number =>
  day < longerOn ? 10 : day < shorterOn + waitsFor ? 20 : 12

test(
  'a vault keeps what it should on each day: policies change, its clock jumps, its catalog is made anew',
  { timeout: 240_000 },
  async () => {
    const vault = await openTestVault()
    await register(vault)
    const set = (daily: number) => {
      const policy = { ...berlin, keep: { ...berlin.keep, daily } }
      const request = retentionRequestSchema.parse({ source: files, policy })
      return changePolicy(vault, { space, ...request }, () => Promise.resolve())
    }
    // The default is longer: the first change is a shortening, and is in force before the first point.
    await set(10)
    for (let day = 0; day < waitsFor + 1; day++) {
      vault.clock.add(dayMs)
      await applyRetention(vault)
    }
    const times: number[] = []
    /** A longer policy does not bring back what was deleted: that is for undelete. */
    const gone = new Set<number>()
    const begunMs = vault.clock.now()
    for (let day = 0; day < days; day++) {
      vault.clock.set(begunMs + day * dayMs)
      if (day === longerOn) await set(20)
      if (day === shorterOn) await set(12)
      for (let point = 0; point < 3; point++) {
        vault.clock.add(7 * hourMs)
        await commitNext(vault, { ids: [] })
        times.push(vault.clock.now())
      }
      if (day % 50 === 30) {
        vault.clock.add(40 * dayMs * (day % 100 === 30 ? 1 : -1))
        expect((await applyRetention(vault)).sight.kind).toBe('suspended')
        vault.clock.set(begunMs + day * dayMs + 21 * hourMs)
        await rebuildCatalog(vault.catalogPath, { ...vault, signal: new AbortController().signal })
        await confirmTime(vault)
      }
      await applyRetention(vault)
      const nowMs = vault.clock.now()
      const tags = tagsByInstants(times, berlin)
      const kept = times.flatMap((time, at) => {
        const isKept = endOf(time, tags[at] ?? [], dailyOn(day)) > nowMs
        if (isKept && !gone.has(at)) return [at + 1]
        if (at === times.length - 1) return [at + 1]
        gone.add(at)
        return []
      })
      const standing = await standingPoints(vault.catalog, { ...space, source: files })
      expect(standing.filter(({ state }) => state === 'kept').map(({ seq }) => seq)).toEqual(kept)
    }
  },
)
