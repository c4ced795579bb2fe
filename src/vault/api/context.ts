/** What the API server works with. */

import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { VaultLog } from '../records/log.ts'
import type { VaultSigner } from '../records/signer.ts'
import type { BodyPace } from './body.ts'

export interface ApiContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly log: VaultLog
  readonly clock: Clock
  readonly signer: VaultSigner
  /** PEM certificates of the authorities that agents shall trust from now on. */
  readonly authorities: () => readonly string[] | Promise<readonly string[]>
  readonly messages: FastifyBaseLogger
  /** How slow a body may come. */
  readonly pace?: BodyPace
}
