/** The API server: everything that a registered machine can ask for (docs/protocol.md, "API server"). */

import type { FastifyInstance } from 'fastify'
import { limits } from '../../protocol/routes.ts'
import { createHttpApp } from '../http/app.ts'
import type { ApiContext } from './context.ts'
import { fingerprintOfConnection, type FingerprintOf } from './identity.ts'
import { addDeletionRoutes } from './deletion-routes.ts'
import { addObjectRoutes } from './object-routes.ts'
import { addPointRoutes } from './point-routes.ts'
import { addReportRoutes } from './report-routes.ts'
import { addRepositoryRoutes } from './repository-routes.ts'
import { addRetentionRoutes } from './retention-routes.ts'
import { requireIdentity } from './request-identity.ts'
import { addSlotRoutes } from './slot-routes.ts'
import { addServiceRoutes } from './service-routes.ts'

/**
 * Requests are let in by the fingerprint of their connection's certificate. Bodies are left in the request:
 * each route reads its own, within its own bounds.
 */
export function createApiApp(
  context: ApiContext,
  fingerprintOf: FingerprintOf = fingerprintOfConnection,
): FastifyInstance {
  const app = createHttpApp({ log: context.messages })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  leaveNothingUnread(app)
  requireIdentity(app, context, fingerprintOf)
  addServiceRoutes(app, context)
  addRepositoryRoutes(app, context)
  addSlotRoutes(app, context)
  addObjectRoutes(app, context)
  addPointRoutes(app, context)
  addDeletionRoutes(app, context)
  addRetentionRoutes(app, context)
  addReportRoutes(app, context)
  return app
}

/** What was not read would block the next request of the connection; what may have no end ends the connection. */
function leaveNothingUnread(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
    const isBounded = coding === undefined && Number(length) <= limits.objectBytes
    if (!isBounded) void reply.header('connection', 'close')
    else request.raw.resume()
    done()
  })
}
