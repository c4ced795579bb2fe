/** Repositories, their configs and key slots: numbered from 0, created once each. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { concatBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { decodeSlot } from '../../model/slot.ts'
import { beginsAsSealed } from '../../model/sealed-object.ts'
import { limits } from '../../protocol/routes.ts'
import {
  numberedFolder,
  numberName,
  parseNumberName,
  repositoriesFolder,
  type Namespace,
  type NumberedKind,
} from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { RepositoryPlace } from '../objects/presence.ts'
import { readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { numberOf, repositoryIn } from './parameters.ts'
import { checkPin } from './pin.ts'
import { identityOf } from './request-identity.ts'
import { sendStored } from './stored-bytes.ts'

export function addRepositoryRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store } = context
  app.get('/v1/repositories', async (request) => ({
    numbers: await repositoriesOf(store, identityOf(request).space),
  }))
  for (const kind of ['configs', 'slots'] as const) {
    const path = `/v1/repositories/:repository/${kind}`
    app.get(path, async (request) => ({
      numbers: await numbersOf(store, repositoryIn(request), kind),
    }))
    app.get(`${path}/:number`, (request, reply) =>
      sendStored(request, reply, { store, key: keyFor(request, kind) }),
    )
  }
  app.put('/v1/repositories/:repository/configs/:number', async (request, reply) => {
    const isNext = await checkNumber(context, request, 'configs')
    const body = await readBody(request, { maxBytes: limits.configBytes, pace: context.pace })
    if (!beginsAsSealed(body, 'config')) throw notAConfig()
    if (isNext && !isFirst(request))
      await checkPin(context, request, { operation: 'config-add', body })
    const result = await store.create(keyFor(request, 'configs'), body)
    return reply.code(result === 'created' ? 201 : 200).send()
  })
  app.put('/v1/repositories/:repository/slots/:number', async (request, reply) => {
    const isNext = await checkNumber(context, request, 'slots')
    const body = await readBody(request, { maxBytes: limits.recordBytes, pace: context.pace })
    checkSlot(body, repositoryIn(request), numberOf(request))
    if (isNext && !isFirst(request))
      await checkPin(context, request, { operation: 'slot-add', body })
    const result = await store.create(keyFor(request, 'slots'), body)
    return reply.code(result === 'created' ? 201 : 200).send()
  })
}

/**
 * The first config and slot come with the registration. Later ones need the operator: a slot opens everything to another
 * passphrase, and whoever has only the certificate could put what nobody can read in the way of all that comes after.
 */
const isFirst = (request: FastifyRequest): boolean =>
  repositoryIn(request).repository === 0 && numberOf(request) === 0

const notAConfig = (): BackupError =>
  new BackupError('malformed', 'The body does not begin as a sealed config does.')

function keyFor(request: FastifyRequest, kind: NumberedKind): string {
  const { space, repository } = repositoryIn(request)
  return numberedFolder(space, repository, kind) + numberName(numberOf(request))
}

async function repositoriesOf(store: ObjectStore, space: Namespace): Promise<number[]> {
  const names = await store.folders(repositoriesFolder(space))
  return names.map(Number).sort((a, b) => a - b)
}

async function numbersOf(
  store: ObjectStore,
  { space, repository }: RepositoryPlace,
  kind: NumberedKind,
): Promise<number[]> {
  const folder = numberedFolder(space, repository, kind)
  const numbers: number[] = []
  for await (const { key } of store.list(folder)) {
    const number = parseNumberName(key.slice(folder.length))
    if (number !== undefined) numbers.push(number)
  }
  return numbers
}

/** Whether the number is the next one; if not, it is there, and its bytes decide. Repositories begin one after another as well. */
async function checkNumber(
  { store }: ApiContext,
  request: FastifyRequest,
  kind: NumberedKind,
): Promise<boolean> {
  const place = repositoryIn(request)
  const number = numberOf(request)
  const repositories = await repositoriesOf(store, place.space)
  const next = (await numbersOf(store, place, kind)).length
  if (number > next || place.repository > repositories.length) {
    throw new BackupError('usage', `The next of the ${kind} is number ${next}.`, {
      facts: { next },
    })
  }
  return number === next
}

/** Everything that a slot says in the clear has to be true: recovery relies on it. */
function checkSlot(bytes: Uint8Array, place: RepositoryPlace, number: number): void {
  const slot = decodeSlot(concatBytes(bytes), true)
  const isRight =
    slot.vaultId === place.space.vaultId &&
    slot.machineId === place.space.machineId &&
    slot.repository === place.repository &&
    slot.slot === number
  if (!isRight)
    throw new BackupError('malformed', 'The key slot is of another place than its path.')
}
