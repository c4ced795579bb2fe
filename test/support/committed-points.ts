/** Points in a test vault, made one after another as machines make them. */

import type { Commit } from '../../src/model/commit.ts'
import { noRecord, type ObjectId, type SourceName } from '../../src/model/ids.ts'
import {
  findPointsById,
  lastPoint,
  type KnownPoint,
  type PointRow,
} from '../../src/vault/catalog/points.ts'
import { dayMs } from '../../src/base/clock.ts'
import { commitPoint } from '../../src/vault/points/commit.ts'
import { applyRetention } from '../../src/vault/retention/expire.ts'
import { files, preparePoint, space, type TestVault } from './test-vault.ts'

export interface NextPoint extends Partial<Commit> {
  readonly source?: SourceName
  readonly ids?: readonly ObjectId[]
}

/** Commits the next point of a source now. */
export async function commitNext(vault: TestVault, more: NextPoint = {}): Promise<PointRow> {
  const source = more.source ?? files
  const head = await lastPoint(vault.catalog, { machineId: space.machineId, source })
  const chained = { seq: (head?.seq ?? 0) + 1, previous: head?.hash ?? noRecord }
  const { bytes, commit } = await preparePoint(vault.store, { source, ...chained, ...more })
  const place = { space, source }
  return (await commitPoint(vault, { place, seq: commit.seq, bytes })).point
}

/** What the catalog says of it by now. */
export async function current(vault: TestVault, { hash }: PointRow): Promise<KnownPoint> {
  const [point] = await findPointsById(vault.catalog, space.machineId, [hash])
  if (point === undefined) throw new Error(`There is no point ${hash}.`)
  return point
}

/** Days on which the vault looks after its points, as `serve` does every hour. */
export async function passDays(vault: TestVault, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    vault.clock.add(dayMs)
    await applyRetention(vault)
  }
}
