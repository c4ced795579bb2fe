/** The identity that a request was let in with. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import type { ApiContext } from './context.ts'
import { identify, type FingerprintOf, type Identity } from './identity.ts'

const identities = new WeakMap<FastifyRequest, Identity>()

export function identityOf(request: FastifyRequest): Identity {
  const identity = identities.get(request)
  if (identity === undefined) throw new Error('A request was answered before it was identified.')
  return identity
}

/** Before anything else of a request is looked at, its body included. */
export function requireIdentity(
  app: FastifyInstance,
  context: ApiContext,
  fingerprintOf: FingerprintOf,
): void {
  app.addHook('onRequest', async (request) => {
    const identity = await identify(context, fingerprintOf(request))
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (identity.access === 'read-only' && !reads) {
      throw new BackupError('read-only', 'A recovery certificate can only read.', {
        hint: 'Register this machine to back it up.',
      })
    }
    identities.set(request, identity)
  })
}
