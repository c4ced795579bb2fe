/** What enrolment works with. */

import type { FastifyBaseLogger } from 'fastify'
import type { RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Authority } from '../authority/authority.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { VaultLog } from '../records/log.ts'
import type { RecoveryNonces } from './recovery-nonces.ts'

export interface EnrolContext {
  readonly log: VaultLog
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly authority: Authority
  readonly nonces: RecoveryNonces
  readonly clock: Clock
  readonly random: RandomBytes
  readonly messages: FastifyBaseLogger
}
