/** What machines tell of their runs, and what the vault tells them of their objects. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { toldRunSchema, type EventsAnswer, type RunAnswer } from '../../protocol/messages.ts'
import type { Link } from '../../policy/lineage.ts'
import { eventsAfter, lastCursor } from '../catalog/events.ts'
import { clonedAtOf, followLineage } from '../catalog/lineages.ts'
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
  const follow = async (request: FastifyRequest, link: Link, nowMs: number) => {
    const { machineId } = identityOf(request).space
    const { clonedAt } = await followLineage(context.catalog, machineId, { link, nowMs })
    if (clonedAt === nowMs) request.log.error({ event: 'machine-cloned', machineId })
  }

  app.put('/v1/runs/:id', async (request): Promise<RunAnswer> => {
    const { machineId } = identityOf(request).space
    const id = runIdIn(request)
    const { lineage, ...report } = await readJson(request, toldRunSchema, context.pace)
    const nowMs = context.clock.now()
    const run = { machineId, id, report: JSON.stringify(report), updatedAt: nowMs }
    await saveRun(context.catalog, run)
    if (lineage !== undefined) await follow(request, lineage, nowMs)
    return { clonedAt: await clonedAtOf(context.catalog, machineId) }
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
