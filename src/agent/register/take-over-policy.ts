/** What a machine backs up, from its newest points: for the one that takes its place. */

import { parseSourceName, type SourceName } from '../../model/ids.ts'
import { toDisplay } from '../../model/path-text.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import { listPoints, readManifest, type PointFacts } from '../../repository/point-reader.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { Repositories } from '../keys/repositories.ts'
import { addSources } from '../state/change-policy.ts'
import type { AgentState } from '../state/state.ts'
import type { Policy } from '../state/policy-state.ts'

interface Points {
  readonly connection: VaultConnection
  readonly repositories: Repositories
}

/** Sources that have a policy here keep it. Returns those that were given one; a point that can not be read gives none. */
export async function takeOverPolicy(
  { connection, repositories }: Points,
  state: AgentState,
  authorities: readonly string[],
): Promise<readonly SourceName[]> {
  const points = await listPoints(connection, { authorities })
  const newest = new Map(points.map((point) => [point.source, point]))
  const found: Record<string, Policy[string]> = {}
  const held = await state.loadPolicy()
  for (const [source, point] of newest) {
    if (held[source] !== undefined) continue
    const selected = await selectionOf(repositories, point)
    if (selected !== undefined) found[source] = selected
  }
  // Only now: what is asked of the vault takes long, and no other command should wait for it.
  return (await addSources(state, found)).map(parseSourceName)
}

async function selectionOf(
  repositories: Repositories,
  point: PointFacts,
): Promise<Policy[string] | undefined> {
  try {
    const { repository } = await repositories.of(point.commit.repository)
    const { selection } = await readManifest(repository, point)
    const include = selection.include.map((bytes) => ({ bytes, shown: toDisplay(bytes) }))
    return { include, exclude: selection.exclude }
  } catch (error) {
    if (isPlaceFailure(error)) return undefined
    throw error
  }
}
