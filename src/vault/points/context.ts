/** What recovery points are made and found with. */

import type { Clock } from '../../base/clock.ts'
import type { SourceName } from '../../model/ids.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { Namespace } from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { VaultSigner } from '../records/signer.ts'

export interface PointContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly clock: Clock
  readonly signer: VaultSigner
}

/** A source of a machine: its points are numbered one after another. */
export interface SourcePlace {
  readonly space: Namespace
  readonly source: SourceName
}

export const sourceOf = ({ space, source }: SourcePlace) => ({ machineId: space.machineId, source })
