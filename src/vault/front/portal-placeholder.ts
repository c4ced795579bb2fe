/** What people see who open the vault's address in a browser, until there is a portal. */

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createHttpApp } from '../http/app.ts'

export function createPortalPlaceholder(log: FastifyBaseLogger): FastifyInstance {
  const app = createHttpApp({ log })
  app.get('/', (_request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .send('This is a backup vault. Machines reach it with `backup`.\n'),
  )
  return app
}
