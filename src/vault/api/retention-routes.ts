/** What retention will do with a machine's points. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RetentionPlanAnswer } from '../../protocol/messages.ts'
import { apiRoutes } from '../../protocol/routes.ts'
import { planRetention, type PlannedPoint } from '../retention/plan.ts'
import type { ApiContext } from './context.ts'
import { countText } from './parameters.ts'
import { identityOf } from './request-identity.ts'

const planQuery = z.strictObject({ days: countText.pipe(z.int().max(36_500)).optional() })

/** So many fit into an answer. */
const mostPoints = 10_000

export function addRetentionRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get(apiRoutes.retentionPlan(), async (request): Promise<RetentionPlanAnswer> => {
    const { days = null } = planQuery.parse(request.query)
    const { machine } = identityOf(request)
    const { points, jump } = await planRetention(context, { machine, days })
    return { suspended: jump !== undefined, points: points.slice(0, mostPoints).map(answerOf) }
  })
}

const answerOf = ({ point, reasons, ...times }: PlannedPoint) => ({
  pointId: point.hash,
  source: point.source,
  seq: point.seq,
  committedAt: point.committedAt,
  state: point.state,
  reasons: [...reasons],
  deletedAt: times.deletedAt,
  removedAt: times.removedAt,
  freedAt: times.freedAt,
  freedBytes: times.freedBytes,
})
