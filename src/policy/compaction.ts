/** Which packs a run empties, by carrying what is still needed of them into new ones (docs/design.md). */

import { dayMs } from '../base/clock.ts'
import type { ObjectId } from '../model/ids.ts'
import type { PackKind } from '../model/pack.ts'

/** How much of a pack is in use. */
export interface PackUse {
  readonly id: ObjectId
  readonly kind: PackKind
  /** Day of writing, days since 1970. */
  readonly day: number
  /** Of its segments, as stored. */
  readonly payloadBytes: number
  /** What the newest point needs of that. */
  readonly liveBytes: number
}

/** A point that may hold on to packs. */
export interface HeldPoint {
  readonly committedMs: number
  readonly retainUntilMs: number
}

export interface CompactionFacts {
  readonly packs: readonly PackUse[]
  readonly points: readonly HeldPoint[]
  readonly nowMs: number
  /** Stored bytes that were sent since the last time. */
  readonly sentBytes: number
}

export interface CompactionPlan {
  readonly packs: ReadonlySet<ObjectId>
  /** About so many bytes go into new packs. */
  readonly carriedBytes: number
}

/** A run that looks everywhere looks through the packs when so much time has gone by. */
export const compactionPeriodMs = 7 * dayMs

/** Of a pack that is worth it less than this share is in use. */
const mostLiveShare = 0.5
/** Of what was sent since, so much may be sent once more. */
const mostSentShare = 0.25
const leastBudgetBytes = 16 * 1024 * 1024
/** A pack, an index and refs of its own cost about so much: less is not worth a look. */
const leastFreedBytes = 128 * 1024

const shareOf = ({ liveBytes, payloadBytes }: PackUse): number => liveBytes / payloadBytes

/** Tree packs first, then those of which least is in use, as far as the budget goes. */
export function chooseSparsePacks(facts: CompactionFacts): CompactionPlan {
  const budgetBytes = Math.max(leastBudgetBytes, facts.sentBytes * mostSentShare)
  const worthwhile = facts.packs.filter((pack) => isWorthwhile(pack, facts)).sort(inOrder)
  const packs = new Set<ObjectId>()
  let carriedBytes = 0
  let freedBytes = 0
  for (const { id, liveBytes, payloadBytes } of worthwhile) {
    if (carriedBytes + liveBytes > budgetBytes) continue
    packs.add(id)
    carriedBytes += liveBytes
    freedBytes += payloadBytes - liveBytes
  }
  return freedBytes < leastFreedBytes
    ? { packs: new Set(), carriedBytes: 0 }
    : { packs, carriedBytes }
}

/**
 * Every point since the pack was written may name it: it goes when the last of them has gone. Until then what is carried
 * lies there twice; from then on what is dead takes no room, for as long as what is carried is needed, which is taken to
 * be as long again as it has been. So it is worth it where live × wait < dead × (age − wait).
 */
function isWorthwhile(pack: PackUse, { points, nowMs }: CompactionFacts): boolean {
  const liveShare = shareOf(pack)
  if (!(liveShare < mostLiveShare)) return false
  const ageMs = nowMs - pack.day * dayMs
  const mostUntilMs = nowMs + ageMs * (1 - liveShare)
  const since = points.filter(({ committedMs }) => committedMs >= pack.day * dayMs)
  return since.every(({ retainUntilMs }) => retainUntilMs < mostUntilMs)
}

function inOrder(a: PackUse, b: PackUse): number {
  if (a.kind !== b.kind) return a.kind === 'tree' ? -1 : 1
  return shareOf(a) - shareOf(b) || (a.id < b.id ? -1 : 1)
}
