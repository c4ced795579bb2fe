/** What retention will do with a machine's points. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import {
  giveUpRequestSchema,
  retentionCancelSchema,
  retentionRequestSchema,
  sourceNameSchema,
  wantedRequestSchema,
  type RetentionPlanAnswer,
} from '../../protocol/messages.ts'
import { apiRoutes, limits } from '../../protocol/routes.ts'
import { cancelPending, changePolicy, keepPoints, readPolicy } from '../retention/change-policy.ts'
import { giveUpData } from '../retention/give-up.ts'
import { planRetention, type PlannedPoint } from '../retention/plan.ts'
import { parseJson, readBody, readJson } from './body.ts'
import type { ApiContext } from './context.ts'
import { countText } from './parameters.ts'
import { checkPin } from './pin.ts'
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
  addPolicyRoutes(app, context)
  app.post(apiRoutes.keepPoints(), async (request, reply) => {
    const { points, until } = await readJson(request, wantedRequestSchema, context.pace)
    await keepPoints(context, {
      space: identityOf(request).space,
      ids: [...new Set(points)],
      until,
    })
    return reply.code(204).send()
  })
  app.post(apiRoutes.giveUpData(), async (request, reply) => {
    const body = await readBody(request, { maxBytes: limits.jsonBytes, pace: context.pace })
    giveUpRequestSchema.parse(parseJson(body))
    const { space } = identityOf(request)
    await giveUpData(context, space, () =>
      checkPin(context, request, { operation: 'data-give-up', body }),
    )
    request.log.warn({ event: 'data-given-up', machineId: space.machineId })
    return reply.code(204).send()
  })
}

const policyQuery = z.strictObject({ source: sourceNameSchema })

function addPolicyRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get(apiRoutes.retention(), (request) => {
    const { source } = policyQuery.parse(request.query)
    return readPolicy(context, identityOf(request).space, source)
  })
  app.post(apiRoutes.retention(), async (request) => {
    const body = await readBody(request, { maxBytes: limits.jsonBytes, pace: context.pace })
    const { source, policy } = retentionRequestSchema.parse(parseJson(body))
    const { space } = identityOf(request)
    const answer = await changePolicy(context, { space, source, policy }, () =>
      checkPin(context, request, { operation: 'retention-shorten', body }),
    )
    const { machineId } = space
    const pendingFrom = answer.pending?.from ?? null
    request.log.warn({ event: 'retention-changed', machineId, source, pendingFrom })
    return answer
  })
  app.post(apiRoutes.cancelRetention(), async (request) => {
    const { source } = await readJson(request, retentionCancelSchema, context.pace)
    return await cancelPending(context, identityOf(request).space, source)
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
