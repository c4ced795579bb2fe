/** Which chunks are wanted of which packs and segments, so that each is read once. */

import type { ChunkReference, ObjectId } from '../model/ids.ts'
import type { PackFacts } from '../model/index-object.ts'
import type { SegmentFacts } from '../model/pack.ts'
import type { ChunkPlace, IndexSet } from './index-set.ts'

/** What is wanted of one pack. */
export interface PackJob {
  readonly pack: PackFacts
  /** By ordinal. */
  readonly segments: Map<number, PlacedChunk[]>
}

export interface PlacedChunk {
  readonly reference: ChunkReference
  readonly place: ChunkPlace
}

/** Chunks by the first of their places, packs in order of first use. */
export function jobsOf(references: readonly ChunkReference[], index: IndexSet) {
  const jobs = new Map<ObjectId, PackJob>()
  const placeless: ChunkReference[] = []
  const seen = new Set<string>()
  for (const reference of references) {
    if (seen.has(reference.id)) continue
    seen.add(reference.id)
    const [place] = index.places(reference.id)
    if (place === undefined) placeless.push(reference)
    else addTo(jobFor(jobs, place.pack), reference, place)
  }
  return { jobs: jobs.values(), placeless }
}

function jobFor(jobs: Map<ObjectId, PackJob>, pack: PackFacts): PackJob {
  const job = jobs.get(pack.id) ?? { pack, segments: new Map() }
  jobs.set(pack.id, job)
  return job
}

function addTo(job: PackJob, reference: ChunkReference, place: ChunkPlace): void {
  const wanted = job.segments.get(place.segment)
  if (wanted !== undefined) wanted.push({ reference, place })
  else job.segments.set(place.segment, [{ reference, place }])
}

/** Segments that are fetched together. */
export interface Stretch {
  /** Those that are wanted, ascending. */
  readonly ordinals: readonly number[]
  /** The first and the last of those that are read with all between them; undefined: only what is wanted. */
  readonly span: readonly [number, number] | undefined
  readonly storedBytes: number
}

export type StretchLimits = Pick<SegmentFacts, 'storedBytes' | 'rawBytes'>

/**
 * What is wanted of a pack in order, in stretches within the limits. Where a quarter of the pack is wanted, what lies
 * between is read too: fewer requests, and the vault learns less of where segments lie.
 */
export function* stretchesOf(
  { pack, segments }: PackJob,
  limits: StretchLimits,
): Generator<Stretch, void, undefined> {
  const factsOf = (ordinal: number) => pack.segments[ordinal] ?? nothing
  const wanted = [...segments.keys()].sort((a, b) => a - b)
  const all = [...pack.segments.keys()]
  const isMuch = storedBytesOf(wanted.map(factsOf)) * 4 >= storedBytesOf(pack.segments)
  for (const part of cut(isMuch ? all : wanted, factsOf, limits)) {
    const ordinals = part.filter((ordinal) => segments.has(ordinal))
    const [first, last] = [part[0] ?? 0, part.at(-1) ?? 0]
    const span = isMuch ? ([first, last] as const) : undefined
    const storedBytes = storedBytesOf(part.map(factsOf))
    if (ordinals.length > 0) yield { ordinals, span, storedBytes }
  }
}

const nothing: StretchLimits = { storedBytes: 0, rawBytes: 0 }

const storedBytesOf = (facts: readonly StretchLimits[]): number =>
  facts.reduce((sum, { storedBytes }) => sum + storedBytes, 0)

function cut(
  ordinals: readonly number[],
  factsOf: (ordinal: number) => StretchLimits,
  limits: StretchLimits,
): number[][] {
  const parts: number[][] = []
  let [stored, raw] = [Infinity, 0]
  for (const ordinal of ordinals) {
    const { storedBytes, rawBytes } = factsOf(ordinal)
    if (stored + storedBytes > limits.storedBytes || raw + rawBytes > limits.rawBytes) {
      parts.push([])
      stored = 0
      raw = 0
    }
    parts.at(-1)?.push(ordinal)
    stored += storedBytes
    raw += rawBytes
  }
  return parts
}
