/** Requests that need a security PIN. */

import type { FastifyRequest } from 'fastify'
import { errorCodeOf } from '../../base/errors.ts'
import { pinHeader } from '../../protocol/routes.ts'
import type { GuardedOperation } from '../../protocol/signed.ts'
import { requirePin } from '../pins/require-pin.ts'
import type { ApiContext } from './context.ts'
import { identityOf } from './request-identity.ts'

/** A refused PIN is an alert: somebody tries what the operator did not allow. @throws BackupError `pin-required`, `pin-refused` */
export async function checkPin(
  context: ApiContext,
  request: FastifyRequest,
  guarded: { readonly operation: GuardedOperation; readonly body: Uint8Array },
): Promise<void> {
  const { space } = identityOf(request)
  const pin = request.headers[pinHeader]
  const facts = { machineId: space.machineId, operation: guarded.operation }
  try {
    await requirePin(context, { space, ...guarded }, typeof pin === 'string' ? pin : undefined)
    request.log.warn({ event: 'pin-used', ...facts })
  } catch (error) {
    if (errorCodeOf(error) === 'pin-refused') request.log.warn({ event: 'pin-refused', ...facts })
    throw error
  }
}
