/** What machines tell of their runs, and what the vault tells them of their objects. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { runReportSchema, type EventsAnswer } from '../../protocol/messages.ts'
import { eventsAfter, lastCursor } from '../catalog/events.ts'
import { readMeta } from '../catalog/meta.ts'
import { saveRun } from '../catalog/runs.ts'
import { readJson } from './body.ts'
import type { ApiContext } from './context.ts'
import { countText, runIdIn } from './parameters.ts'
import { identityOf } from './request-identity.ts'

const feedQuery = z.strictObject({
  feed: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  after: countText.optional(),
})

export function addReportRoutes(app: FastifyInstance, context: ApiContext): void {
  app.put('/v1/runs/:id', async (request, reply) => {
    const { machineId } = identityOf(request).space
    const id = runIdIn(request)
    const report = await readJson(request, runReportSchema, context.pace)
    const run = { machineId, id, report: JSON.stringify(report), updatedAt: context.clock.now() }
    await saveRun(context.catalog, run)
    return reply.code(204).send()
  })

  app.get('/v1/events', async (request): Promise<EventsAnswer> => {
    const { machineId } = identityOf(request).space
    const asked = feedQuery.parse(request.query)
    const feed = (await readMeta(context.catalog, 'feed')) ?? ''
    if (asked.feed !== feed || asked.after === undefined) {
      return { feed, cursor: await lastCursor(context.catalog), events: [] }
    }
    const events = await eventsAfter(context.catalog, machineId, asked.after)
    return {
      feed,
      cursor: events.at(-1)?.cursor ?? asked.after,
      events: events.map(({ kind, repository, id }) => ({ kind, repository, id })),
    }
  })
}
