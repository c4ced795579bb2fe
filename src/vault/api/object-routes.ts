/** Objects in and out. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { objectKinds, type ObjectKind } from '../../model/ids.ts'
import { maxRefsBytes } from '../../model/limits.ts'
import { missingRequestSchema, objectIdSchema } from '../../protocol/messages.ts'
import { limits } from '../../protocol/routes.ts'
import { addObjects, pageOfObjects, renewObjects, type ObjectRow } from '../catalog/objects.ts'
import {
  keyOf,
  knownObjects,
  placeOf,
  presentObjects,
  type RepositoryPlace,
} from '../objects/presence.ts'
import { bringBack, keyInTrash } from '../objects/trash.ts'
import { recordSound } from '../scrub/damage-records.ts'
import { beginsAs, checkedBody } from './beginning.ts'
import { bodyOf, lengthOf, readJson } from './body.ts'
import type { ApiContext } from './context.ts'
import { countText, objectIdIn, objectKindIn, repositoryIn } from './parameters.ts'
import { sendStored } from './stored-bytes.ts'

const pageQuery = z.strictObject({
  after: objectIdSchema.optional(),
  kind: z.enum(objectKinds).optional(),
  limit: countText.pipe(z.int().min(1).max(limits.objectsPerPage)).optional(),
})

export function addObjectRoutes(app: FastifyInstance, context: ApiContext): void {
  const path = '/v1/repositories/:repository'
  app.put(`${path}/objects/:kind/:id`, (request, reply) => putObject(context, request, reply))
  app.get(`${path}/objects`, (request) => listObjects(context, request))
  app.get(`${path}/objects/:id`, async (request, reply) => {
    const row = await rowFor(context, request)
    void reply.header('x-backup-kind', row.kind)
    return await sendObject(context, request, { reply, row })
  })
  app.head(`${path}/objects/:id`, async (request, reply) => {
    const row = await rowFor(context, request)
    void reply.header('x-backup-kind', row.kind).header('content-length', row.sizeBytes)
    return reply.header('content-type', 'application/octet-stream').send()
  })
  app.post(`${path}/missing`, (request) => findMissing(context, request))
}

/** What is in the trash is read from there, also where it was put there a moment ago. */
async function sendObject(
  { store, catalog }: ApiContext,
  request: FastifyRequest,
  { reply, row }: { readonly reply: FastifyReply; readonly row: ObjectRow },
): Promise<FastifyReply> {
  const place = repositoryIn(request)
  const key = keyOf(place, row.kind, row.id)
  try {
    return await sendStored(request, reply, { store, key })
  } catch (error) {
    if (errorCodeOf(error) !== 'not-found') throw error
    // Where it is in neither place it has been brought back between the two looks.
    const copy = (await keyInTrash({ store, catalog }, place, row)) ?? key
    return await sendStored(request, reply, { store, key: copy })
  }
}

/** Answers only when the bytes are durable. */
async function putObject(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const place = repositoryIn(request)
  const kind = objectKindIn(request)
  const id = objectIdIn(request)
  const maxBytes = maxBytesOf(kind)
  const sizeBytes = lengthOf(request, maxBytes)
  const body = bodyOf(request, { maxBytes, pace: context.pace })
  const source = kind === 'refs' ? body : checkedBody(body, beginsAs(kind))
  const result = await context.store.create(keyOf(place, kind, id), source, { sizeBytes })
  const nowMs = context.clock.now()
  await recordSound(context, placeOf(place), id)
  const received = { id, kind, sizeBytes, receivedAt: nowMs, askedAt: nowMs }
  await addObjects(context.catalog, placeOf(place), [received])
  await makeSure(context, place, { kind, id })
  return reply.code(result === 'created' ? 201 : 200).send()
}

/** A collection may have taken the bytes away before the catalog knew of them. */
async function makeSure(
  context: ApiContext,
  place: RepositoryPlace,
  { kind, id }: Pick<ObjectRow, 'kind' | 'id'>,
): Promise<void> {
  const isThere = async () => (await context.store.stat(keyOf(place, kind, id))) !== undefined
  if (await isThere()) return
  await bringBack(context, place, [id])
  if (await isThere()) return
  throw new BackupError('vault-busy', 'The object was collected while it came.', {
    hint: 'Send it again.',
  })
}

const maxBytesOf = (kind: ObjectKind): number =>
  kind === 'refs' ? maxRefsBytes : limits.objectBytes

/** What is in trash or damaged can still be read. */
async function rowFor(context: ApiContext, request: FastifyRequest): Promise<ObjectRow> {
  const id = objectIdIn(request)
  const row = (await knownObjects(context, repositoryIn(request), [id])).get(id)
  if (row === undefined) throw new BackupError('not-found', 'There is no such object.')
  return row
}

/** So many fit into a JSON answer of 1 MiB. */
const mostPerAnswer = 7_000

async function listObjects(context: ApiContext, request: FastifyRequest) {
  const place = placeOf(repositoryIn(request))
  const { after, kind, limit: asked = mostPerAnswer } = pageQuery.parse(request.query)
  const limit = Math.min(asked, mostPerAnswer)
  const rows = await pageOfObjects(context.catalog, place, { after, kind, limit })
  const objects = rows.map(({ id, kind, sizeBytes, receivedAt }) => ({
    id,
    kind,
    sizeBytes,
    receivedAt,
  }))
  return { objects, next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) }
}

async function findMissing(context: ApiContext, request: FastifyRequest) {
  const place = repositoryIn(request)
  const { ids } = await readJson(request, missingRequestSchema, context.pace)
  const present = await presentObjects(context, place, ids)
  const renewal = { ids: [...present.keys()], nowMs: context.clock.now() }
  await bringBack(context, place, renewal.ids)
  await renewObjects(context.catalog, placeOf(place), renewal)
  return { missing: ids.filter((id) => !present.has(id)) }
}
