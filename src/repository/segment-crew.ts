/** Segments that other threads open. */

import type { ChunkReference } from '../model/ids.ts'
import type { PackJob } from './pack-jobs.ts'
import type { ChunkOutcome, SegmentJob, WantedSegment } from './segment-job.ts'

export interface SegmentCrew<Use, Done> {
  /** What is to be done with a chunk where it is opened; undefined: its plaintext is wanted here. Asked once. */
  useOf(reference: ChunkReference): Use | undefined
  /** The outcomes of all chunks, in order. The memory of the stored bytes is nobody else's. */
  open(job: SegmentJob<Use>): Promise<readonly ChunkOutcome<Done>[]>
  /** What came of it. */
  used(reference: ChunkReference, done: Done): Promise<void>
}

export interface FetchedSegments {
  readonly ordinals: readonly number[]
  readonly stored: readonly Uint8Array[]
}

export interface CrewAndOutcomes<Use, Done> {
  readonly crew: SegmentCrew<Use, Done>
  readonly settle: (reference: ChunkReference, outcome: ChunkOutcome<Done>) => Promise<void>
}

export async function openByCrew<Use, Done>(
  job: PackJob,
  fetched: FetchedSegments,
  { crew, settle }: CrewAndOutcomes<Use, Done>,
): Promise<void> {
  const segments = fetched.ordinals.map((_, at) => segmentAt(job, fetched, { at, crew }))
  // A view would take all of its index along.
  const header = Uint8Array.from(job.pack.header)
  const outcomes = await crew.open({ header, segments })
  const references = segments.flatMap(({ chunks }) => chunks.map(({ reference }) => reference))
  for (const [at, reference] of references.entries()) {
    await settle(reference, outcomes[at] ?? { kind: 'unreadable' })
  }
}

function segmentAt<Use, Done>(
  { pack, segments }: PackJob,
  { ordinals, stored }: FetchedSegments,
  { at, crew }: { readonly at: number; readonly crew: SegmentCrew<Use, Done> },
): WantedSegment<Use> {
  const ordinal = ordinals[at] ?? 0
  const facts = pack.segments[ordinal]
  if (facts === undefined) throw new RangeError(`no segment ${ordinal}`)
  const chunks = (segments.get(ordinal) ?? []).map(({ reference, place }) => ({
    reference: { id: reference.id, lengthBytes: reference.lengthBytes },
    placeBytes: place.placeBytes,
    use: place.lengthBytes === reference.lengthBytes ? crew.useOf(reference) : undefined,
  }))
  return { ordinal, facts, stored: stored[at] ?? new Uint8Array(0), chunks }
}
