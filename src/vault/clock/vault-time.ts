/**
 * The vault's time. Only it decides what expires, so a clock that jumps ends expiry until somebody has confirmed it;
 * points are made all the same, with times that rather keep them too long.
 */

import { dayMs, minuteMs, type Clock } from '../../base/clock.ts'
import { noteClock, readClock, type ClockJump } from '../catalog/clock.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { VaultLog } from '../records/log.ts'

/** A service that was off for longer has to have its clock confirmed. */
const mostForwardMs = 3 * dayMs
/** Clocks are set right by a little all the time. */
const mostBackwardMs = 5 * minuteMs

export type Movement = 'as usual' | 'forward' | 'backward'

export function movementOf(seenAt: number, clockAt: number): Movement {
  if (clockAt > seenAt + mostForwardMs) return 'forward'
  return clockAt < seenAt - mostBackwardMs ? 'backward' : 'as usual'
}

export interface TimeContext {
  readonly catalog: Catalog
  readonly clock: Clock
}

/** For a new point: never before the one before it, unless that one's time was found wrong. */
export async function commitTime({ catalog, clock }: TimeContext): Promise<number> {
  const clockAt = clock.now()
  const { seenAt = clockAt } = await readClock(catalog)
  const movement = movementOf(seenAt, clockAt)
  if (movement === 'forward') return clockAt
  const time = Math.max(seenAt, clockAt)
  if (movement === 'as usual') await noteClock(catalog, time)
  return time
}

/** For what is deleted or taken back now: rather too late. */
export async function laterTime({ catalog, clock }: TimeContext): Promise<number> {
  return Math.max((await readClock(catalog)).seenAt ?? 0, clock.now())
}

/** For what is locked until a time: a clock that has jumped ahead unlocks nothing. */
export async function earlierTime({ catalog, clock }: TimeContext): Promise<number> {
  const clockAt = clock.now()
  const { seenAt = clockAt, jump } = await readClock(catalog)
  const isBelieved = jump === undefined && movementOf(seenAt, clockAt) !== 'forward'
  return isBelieved ? clockAt : Math.min(seenAt, clockAt)
}

export type Sight =
  | { readonly kind: 'believed'; readonly nowMs: number }
  /** Nothing may expire. */
  | ({ readonly kind: 'suspended' } & ClockJump)

/** Looks at the clock. A jump is written to the log, so that no restart and no new catalog forgets it. */
export async function sightClock(
  context: TimeContext & { readonly log: VaultLog },
): Promise<Sight> {
  const { catalog, clock, log } = context
  await log.append(async () => {
    const clockAt = clock.now()
    const { seenAt = clockAt, jump } = await readClock(catalog)
    const jumped = jump === undefined && movementOf(seenAt, clockAt) !== 'as usual'
    return jumped ? { kind: 'clock-suspended', seenAt, clockAt } : undefined
  })
  const { seenAt, jump } = await readClock(catalog)
  if (jump !== undefined) return { kind: 'suspended', ...jump }
  const nowMs = Math.max(seenAt ?? 0, clock.now())
  await noteClock(catalog, nowMs)
  return { kind: 'believed', nowMs }
}

/** Whoever can read a clock on the wall says that the machine's is right. Returns the jump that it ends, if there was one. */
export async function confirmTime(
  context: TimeContext & { readonly log: VaultLog },
): Promise<ClockJump | undefined> {
  await sightClock(context)
  const { jump } = await readClock(context.catalog)
  if (jump !== undefined) {
    await context.log.append(() => ({ kind: 'clock-confirmed', clockAt: context.clock.now() }))
  }
  return jump
}
