/** What lists say of a recovery point. */

import { forEachLimited } from '../../base/flow.ts'
import { errorCodeOf } from '../../base/errors.ts'
import type { Repositories } from '../../agent/keys/repositories.ts'
import type { Manifest } from '../../model/manifest.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import { readManifest, type PointFacts } from '../../repository/point-reader.ts'

export interface PointSummary {
  readonly pointId: string
  readonly source: string
  readonly seq: number
  /** Of which master key: a rotation begins the next. */
  readonly repository: number
  /** When the vault took it, by its clock, in ms. */
  readonly committedAt: number
  readonly files: number | null
  readonly directories: number | null
  readonly others: number | null
  /** Of all files in it. */
  readonly sizeBytes: number | null
  readonly leftOut: number | null
  readonly tags: readonly string[]
  readonly retainUntil: number
  readonly lockUntil: number
  /** Of a deleted point: it can be taken back until then. */
  readonly deletedUntil: number | null
  /** `incomplete`: something was left out. `closed`: of an earlier epoch than a hardened machine can open. `unreadable`: its manifest can not be opened. */
  readonly state: 'complete' | 'incomplete' | 'closed' | 'unreadable'
}

const manifestsAtOnce = 8

/** In the order of `points`. */
export async function summarizePoints(
  repositories: Repositories,
  points: readonly PointFacts[],
): Promise<PointSummary[]> {
  const summaries = new Map<PointFacts, PointSummary>()
  await forEachLimited(points, manifestsAtOnce, async (point) => {
    summaries.set(point, summarize(point, await manifestOf(repositories, point)))
  })
  return points.flatMap((point) => summaries.get(point) ?? [])
}

async function manifestOf(
  repositories: Repositories,
  point: PointFacts,
): Promise<Manifest | Unknown> {
  try {
    const { repository } = await repositories.of(point.commit.repository)
    return await readManifest(repository, point)
  } catch (error) {
    if (errorCodeOf(error) === 'vault-mismatch') return 'unreadable'
    if (!isPlaceFailure(error)) throw error
    return errorCodeOf(error) === 'epoch-closed' ? 'closed' : 'unreadable'
  }
}

/** Why there is no manifest. */
type Unknown = Extract<PointSummary['state'], 'closed' | 'unreadable'>

export function summarize(point: PointFacts, known: Manifest | Unknown): PointSummary {
  const manifest = typeof known === 'string' ? undefined : known
  const complete = manifest?.leftOutCount === 0 ? 'complete' : 'incomplete'
  return {
    pointId: point.id,
    source: point.source,
    seq: point.seq,
    repository: point.commit.repository,
    committedAt: point.vaultTimeMs,
    files: manifest?.statistics.files ?? null,
    directories: manifest?.statistics.directories ?? null,
    others: manifest?.statistics.others ?? null,
    sizeBytes: manifest?.statistics.fileBytes ?? null,
    leftOut: manifest?.leftOutCount ?? null,
    tags: point.tags,
    retainUntil: point.retainUntilMs,
    lockUntil: point.lockUntilMs,
    deletedUntil: point.deletedUntilMs,
    state: typeof known === 'string' ? known : complete,
  }
}
