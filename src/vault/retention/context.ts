/** What the life of points is decided with. */

import type { Clock } from '../../base/clock.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { VaultLog } from '../records/log.ts'

export interface RetentionContext {
  readonly catalog: Catalog
  readonly log: VaultLog
  readonly clock: Clock
}

/** A record of the log has room for so many points. */
export const pointsPerRecord = 1_000
