/** Points that a machine deletes, softly and with a PIN, or takes back. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { pointsRequestSchema, type ChangedPoints } from '../../protocol/messages.ts'
import { apiRoutes, limits } from '../../protocol/routes.ts'
import type { KnownPoint } from '../catalog/points.ts'
import { deletePoints, undeletePoints } from '../retention/delete-points.ts'
import { parseJson, readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { checkPin } from './pin.ts'
import { identityOf } from './request-identity.ts'

export function addDeletionRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post(apiRoutes.deletePoints(), async (request) => {
    const { body, ids } = await readIds(context, request)
    const { space } = identityOf(request)
    const points = await deletePoints(context, { space, ids }, () =>
      checkPin(context, request, { operation: 'points-delete', body }),
    )
    request.log.warn({ event: 'points-deleted', machineId: space.machineId, points: ids })
    return answerOf(points)
  })

  app.post(apiRoutes.undeletePoints(), async (request) => {
    const { ids } = await readIds(context, request)
    const { space } = identityOf(request)
    const points = await undeletePoints(context, { space, ids })
    request.log.info({ event: 'points-undeleted', machineId: space.machineId, points: ids })
    return answerOf(points)
  })
}

async function readIds(context: ApiContext, request: FastifyRequest) {
  const body = await readBody(request, { maxBytes: limits.jsonBytes, pace: context.pace })
  return { body, ids: [...new Set(pointsRequestSchema.parse(parseJson(body)).points)] }
}

const answerOf = (points: readonly KnownPoint[]): ChangedPoints => ({
  points: points.map(({ hash, source, seq, state, deletedUntil }) => ({
    pointId: hash,
    ...{ source, seq, state, deletedUntil },
  })),
})
