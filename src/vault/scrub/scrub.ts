/**
 * The scrub reads everything again, in rounds: what is kept twice is healed from its other copy, what is damaged is marked, so
 * that no commit counts on it and the next run sends it, or what it held, again. Damaged bytes stay, and can be read.
 */

import { hourMs, type Clock } from '../../base/clock.ts'
import { addEvent } from '../catalog/events.ts'
import { clearMeta, readMeta, writeMeta } from '../catalog/meta.ts'
import { storedBytes } from '../catalog/objects.ts'
import { parseObjectKey, type ParsedObjectKey } from '../objects/keys.ts'
import type { ObjectStore, StoredObject } from '../objects/object-store.ts'
import { recordDamage, recordSound, type DamageContext } from './damage-records.ts'

export interface ScrubContext extends DamageContext {
  readonly store: ObjectStore
  readonly clock: Clock
}

export interface ScrubOptions {
  readonly signal: AbortSignal
  /** Stops after so many; the next one goes on from there. */
  readonly mostBytes: number
  /** From the beginning, whatever round is under way. */
  readonly isFresh?: boolean
}

export interface Scrubbed {
  readonly files: number
  readonly bytes: number
  readonly healed: readonly string[]
  readonly damaged: readonly string[]
  /** Everything was read since the round began. */
  readonly isRoundOver: boolean
}

/** A round ends within 20 days, so that everything is read within 30 also where the service is off now and then. */
const hoursOfRound = 20 * 24
const leastBytes = 256 * 1024 * 1024

/** An hour's part of a round. */
export async function scrubPart(context: ScrubContext, signal: AbortSignal): Promise<Scrubbed> {
  const share = Math.ceil((await storedBytes(context.catalog)) / hoursOfRound)
  return await scrub(context, { signal, mostBytes: Math.max(leastBytes, share) })
}

/** Begun at most so often, where all fits into one part. */
const everyMs = 20 * hourMs

/** Undefined where the last round has just ended. */
export async function scrubIfDue(
  context: ScrubContext,
  signal: AbortSignal,
): Promise<Scrubbed | undefined> {
  const isUnderWay = (await readMeta(context.catalog, 'scrubbedTo')) !== undefined
  const last = Number((await readMeta(context.catalog, 'scrubbedAt')) ?? 0)
  if (!isUnderWay && Math.abs(context.clock.now() - last) < everyMs) return undefined
  return await scrubPart(context, signal)
}

export async function scrub(
  context: ScrubContext,
  { signal, mostBytes, isFresh = false }: ScrubOptions,
): Promise<Scrubbed> {
  const { store, catalog, clock } = context
  const total = { files: 0, bytes: 0 }
  const [healed, damaged]: [string[], string[]] = [[], []]
  const summary = (isRoundOver: boolean) => ({ ...total, healed, damaged, isRoundOver })
  const after = isFresh ? undefined : await readMeta(catalog, 'scrubbedTo')
  let last = after
  for await (const stored of store.list('', after)) {
    if (signal.aborted || total.bytes >= mostBytes) {
      if (last !== undefined) await writeMeta(catalog, 'scrubbedTo', last)
      return summary(false)
    }
    const found = await checkOne(context, stored)
    if (found === 'healed') healed.push(stored.key)
    if (found === 'damaged') damaged.push(stored.key)
    total.files += 1
    total.bytes += stored.sizeBytes
    last = stored.key
    if (total.files % filesPerNote === 0) await writeMeta(catalog, 'scrubbedTo', last)
  }
  await clearMeta(catalog, 'scrubbedTo')
  await writeMeta(catalog, 'scrubbedAt', String(clock.now()))
  return summary(true)
}

/** What is read again after a crash. */
const filesPerNote = 1_000

async function checkOne(context: ScrubContext, stored: StoredObject) {
  const found = await context.store.check(stored.key)
  const object = parseObjectKey(stored.key)
  if (object === undefined || found === undefined) return found
  if (found === 'damaged') return (await mark(context, object, stored)) ? 'damaged' : 'sound'
  await recordSound(context, object, object.id)
  return found
}

/** False where it was sent again while it was read. */
async function mark(
  context: ScrubContext,
  object: ParsedObjectKey,
  { key, sizeBytes }: StoredObject,
): Promise<boolean> {
  const { id, machineId, repository } = object
  const isNew = await recordDamage(context, object, sizeBytes)
  if ((await context.store.check(key)) !== 'damaged') {
    await recordSound(context, object, id)
    return false
  }
  // Told once: what is damaged stays so for many rounds.
  if (isNew) await addEvent(context.catalog, { machineId, repository, kind: 'damaged', id })
  return true
}
