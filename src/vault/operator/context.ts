/** What an operator's commands work with: the opened vault, as far as they need it. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { VaultLog } from '../records/log.ts'

export interface OperatorContext {
  readonly log: VaultLog
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: RandomBytes
}
