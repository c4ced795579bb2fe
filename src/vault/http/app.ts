/** What the vault's HTTPS applications share: bounds, errors in one form, a log line for each request. */

import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import { limits } from '../../protocol/routes.ts'
import { answerOf } from './answer.ts'

export interface HttpOptions {
  readonly log: FastifyBaseLogger
  /** JSON bodies above this are refused. */
  readonly bodyBytes?: number
}

/**
 * An application without routes. It does not listen: `app.routing` handles the requests of a server that the front feeds.
 * Log lines name the route, never what stands in a path or a body.
 */
export function createHttpApp(options: HttpOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyBytes ?? limits.jsonBytes,
    forceCloseConnections: true,
    return503OnClosing: true,
    exposeHeadRoutes: false,
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const coding = request.headers['content-encoding']
    if (coding === undefined || coding === 'identity') done()
    else
      done(new BackupError('unsupported-encoding', 'Bodies are sent without a Content-Encoding.'))
  })
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug({
      event: 'request',
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    })
    done()
  })
  app.setNotFoundHandler(() => {
    throw new BackupError('not-found', 'There is nothing here.')
  })
  app.setErrorHandler((error, request, reply) => {
    const answer = answerOf(error)
    if (answer.unexpected) request.log.error({ event: 'request-failed', error: error as Error })
    if (answer.retryAfterSeconds !== undefined) {
      void reply.header('retry-after', String(answer.retryAfterSeconds))
    }
    return reply.code(answer.status).send(answer.body)
  })
  return app
}
