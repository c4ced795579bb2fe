/** Sources and their recovery points. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { toBase64Url } from '../../base/bytes.ts'
import { sourceNameSchema, type StoredPoint } from '../../protocol/messages.ts'
import { limits } from '../../protocol/routes.ts'
import { findPointsById, pageOfPoints, type KnownPoint, type PointRow } from '../catalog/points.ts'
import { commitPoint } from '../points/commit.ts'
import { listHeads } from '../points/heads.ts'
import { readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { countText, seqIn, sourceIn } from './parameters.ts'
import { identityOf } from './request-identity.ts'

const pageQuery = z
  .strictObject({
    source: sourceNameSchema.optional(),
    afterSource: sourceNameSchema.optional(),
    afterSeq: countText.optional(),
  })
  .refine((query) => (query.afterSource === undefined) === (query.afterSeq === undefined))

export function addPointRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/sources', async (request) => {
    const heads = await listHeads(context, identityOf(request).space)
    return {
      sources: heads.map(({ source, seq, hash }) => ({ source, headSeq: seq, headHash: hash })),
    }
  })
  app.get('/v1/points', (request) => listPoints(context, request))
  app.put('/v1/sources/:source/points/:seq', async (request, reply) => {
    const place = { space: identityOf(request).space, source: sourceIn(request) }
    const seq = seqIn(request)
    const bytes = await readBody(request, { maxBytes: limits.recordBytes, pace: context.pace })
    const { made, point } = await commitPoint(context, { place, seq, bytes })
    if (made) request.log.info({ event: 'point-committed', ...pointFacts(point) })
    // It may have been deleted since it was made.
    const [known] = await findPointsById(context.catalog, point.machineId, [point.hash])
    return reply.code(made ? 201 : 200).send(storedPoint(known ?? { ...point, ...unchanged }))
  })
}

async function listPoints(context: ApiContext, request: FastifyRequest) {
  const { space } = identityOf(request)
  const { source, afterSource, afterSeq } = pageQuery.parse(request.query)
  await listHeads(context, space)
  const after =
    afterSource === undefined || afterSeq === undefined
      ? undefined
      : { source: afterSource, seq: afterSeq }
  const page = { source, after, limit: pointsPerAnswer }
  const rows = await pageOfPoints(context.catalog, space.machineId, page)
  const last = rows.length < pointsPerAnswer ? undefined : rows.at(-1)
  return {
    points: rows.map(storedPoint),
    next: last === undefined ? null : { source: last.source, seq: last.seq },
  }
}

/** A thousand points are well below the bound of a JSON answer. */
const pointsPerAnswer = limits.pointsPerPage

const unchanged = {
  state: 'kept',
  deletedUntil: null,
  undeletedUntil: null,
  stateChangedAt: null,
} as const

const storedPoint = ({
  source,
  seq,
  commit,
  record,
  state,
  deletedUntil,
}: KnownPoint): StoredPoint => ({
  source,
  seq,
  commit: toBase64Url(commit),
  record: toBase64Url(record),
  state,
  deletedUntil,
})

const pointFacts = ({ machineId, source, seq, hash, tags }: PointRow) => ({
  machineId,
  source,
  seq,
  pointId: hash,
  tags,
})
