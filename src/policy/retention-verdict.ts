/**
 * Whether each point of a source is still kept, until when, and why: a function of the policies, the points and the
 * vault's time, so that what is shown, what is planned and what is done can not differ.
 */

import type { RetentionTag } from '../model/point-record.ts'
import { countedTags, keptByTag, type RetentionPolicy } from './retention.ts'

export interface RetentionRules {
  /** Those in force: more than one while a shortening waits. The longest counts; none where the data was given up. */
  readonly policies: readonly RetentionPolicy[]
  /** What was promised at commits from then on holds, whatever the policies say by now. ms */
  readonly promisesSince: number
}

/** A point that is neither soft-deleted nor removed. Times are ms, by the vault's clock. */
export interface KeptPoint {
  readonly seq: number
  readonly committedAt: number
  readonly tags: readonly RetentionTag[]
  /** As recorded when it was committed. */
  readonly retainUntil: number
  readonly lockUntil: number
  /** Where it was taken back from deletion: it is kept until then. */
  readonly undeletedUntil: number | null
  /** Until then somebody wants it, whatever the policies say. */
  readonly wantedUntil: number | null
  readonly isHeld: boolean
}

export interface SourceFacts {
  readonly nowMs: number
  /** Its machine still backs it up: then its last point never expires. */
  readonly isRegistered: boolean
}

export type ReasonKind =
  | RetentionTag
  /** Without a tag it is kept like a daily one. */
  | 'untagged'
  /** Recorded at its commit. */
  | 'promised'
  /** Nothing may end earlier. */
  | 'locked'
  | 'undeleted'
  /** Somebody asked for it to be kept until then. */
  | 'wanted'
  | 'held'
  /** The last point of a source that is still backed up. */
  | 'last'

/** `until` null: as long as it is so. */
export interface KeepReason {
  readonly kind: ReasonKind
  readonly until: number | null
}

export interface Verdict<Point extends KeptPoint = KeptPoint> {
  readonly point: Point
  readonly state: 'kept' | 'expired'
  /** When it expires, or has expired; null: not while things are as they are. */
  readonly until: number | null
  /** What keeps it; of an expired point, what kept it last. The longest first. */
  readonly reasons: readonly KeepReason[]
}

/** One verdict for each point, in their order. `points`: all kept points of one source, ascending by seq. */
export function judgePoints<Point extends KeptPoint>(
  points: readonly Point[],
  rules: RetentionRules,
  facts: SourceFacts,
): Verdict<Point>[] {
  const last = facts.isRegistered ? points.at(-1) : undefined
  return points.map((point) => judge(point, reasonsFor(point, rules, point === last), facts.nowMs))
}

function judge<Point extends KeptPoint>(
  point: Point,
  reasons: readonly KeepReason[],
  nowMs: number,
): Verdict<Point> {
  const until = Math.max(...reasons.map(endOf))
  const state = until > nowMs ? 'kept' : 'expired'
  const telling = reasons.filter((reason) => endOf(reason) > nowMs || endOf(reason) === until)
  telling.sort((a, b) => endOf(b) - endOf(a))
  return { point, state, until: until === Infinity ? null : until, reasons: telling }
}

const endOf = ({ until }: KeepReason): number => until ?? Infinity

function reasonsFor(point: KeptPoint, rules: RetentionRules, isLast: boolean): KeepReason[] {
  const reasons = tagReasons(point, rules)
  const byTags = Math.max(...reasons.map(endOf))
  if (point.committedAt >= rules.promisesSince && point.retainUntil > byTags)
    reasons.push({ kind: 'promised', until: point.retainUntil })
  reasons.push({ kind: 'locked', until: point.lockUntil })
  if (point.undeletedUntil !== null)
    reasons.push({ kind: 'undeleted', until: point.undeletedUntil })
  if (point.wantedUntil !== null) reasons.push({ kind: 'wanted', until: point.wantedUntil })
  if (point.isHeld) reasons.push({ kind: 'held', until: null })
  if (isLast) reasons.push({ kind: 'last', until: null })
  return reasons
}

function tagReasons(point: KeptPoint, { policies }: RetentionRules): KeepReason[] {
  const { tags, committedAt } = point
  if (policies.length === 0) return []
  return countedTags(tags).map((tag) => ({
    kind: tags.length === 0 ? 'untagged' : tag,
    until: Math.max(...policies.map((policy) => keptByTag(policy, tag, committedAt))),
  }))
}

/** Until then nobody deletes it in an immutable vault: all that keeps it now, but for holds and for being the last. */
export const promisedUntil = (point: KeptPoint, rules: RetentionRules): number =>
  Math.max(...reasonsFor({ ...point, isHeld: false }, rules, false).map(endOf))
