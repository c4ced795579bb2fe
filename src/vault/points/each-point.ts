/** All points of a machine, page by page. */

import type { MachineId } from '../../model/ids.ts'
import { pageOfPoints, type KnownPoint, type PointRow } from '../catalog/points.ts'
import type { Catalog } from '../catalog/tables.ts'

const rowsAtOnce = 1_000

/** Ascending by source and seq. */
export async function* eachPoint(
  catalog: Catalog,
  machineId: MachineId,
): AsyncGenerator<KnownPoint> {
  for (let after: PointRow | undefined; ;) {
    const page = { source: undefined, after, limit: rowsAtOnce }
    const rows = await pageOfPoints(catalog, machineId, page)
    yield* rows
    if (rows.length < rowsAtOnce) return
    after = rows.at(-1)
  }
}
