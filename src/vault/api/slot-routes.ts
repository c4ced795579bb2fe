/** Key slots: numbered from 0, created once each; those that were deleted are handed to nobody. */

import type { FastifyInstance } from 'fastify'
import { concatBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { beginsAsSealed } from '../../model/sealed-object.ts'
import { decodeSlot } from '../../model/slot.ts'
import { repositoryBeginningSchema, slotChangeSchema } from '../../protocol/messages.ts'
import { limits } from '../../protocol/routes.ts'
import type { RepositoryPlace } from '../objects/presence.ts'
import { beginRepository } from '../slots/begin-repository.ts'
import { bytesOf, changeSlots } from '../slots/change-slots.ts'
import { slotNumbers } from '../slots/live-slots.ts'
import { parseJson, readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { isFirst, isNextNumber, keyFor, repositoriesOf } from './numbered.ts'
import { numberOf, repositoryIn } from './parameters.ts'
import { checkPin } from './pin.ts'
import { notAConfig } from './repository-routes.ts'
import { identityOf } from './request-identity.ts'
import { sendStored } from './stored-bytes.ts'

export function addSlotRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store } = context
  const slots = '/v1/repositories/:repository/slots'
  const numbersOf = ({ space, repository }: RepositoryPlace) =>
    slotNumbers(context, space, repository)

  app.get(slots, async (request) => {
    const { live, next } = await numbersOf(repositoryIn(request))
    return { numbers: live, next }
  })
  app.get(`${slots}/:number`, async (request, reply) => {
    const { live, next } = await numbersOf(repositoryIn(request))
    const number = numberOf(request)
    if (number < next && !live.includes(number)) throw deleted(number)
    return sendStored(request, reply, { store, key: keyFor(request, 'slots') })
  })
  app.put(`${slots}/:number`, async (request, reply) => {
    const { next } = await numbersOf(repositoryIn(request))
    const isNext = await isNextNumber(store, request, { kind: 'slots', next })
    const body = await readBody(request, { maxBytes: limits.recordBytes, pace: context.pace })
    checkSlot(body, repositoryIn(request), numberOf(request))
    if (isNext && !isFirst(request))
      await checkPin(context, request, { operation: 'slot-add', body })
    const result = await store.create(keyFor(request, 'slots'), body)
    return reply.code(result === 'created' ? 201 : 200).send()
  })
  app.post('/v1/repositories/:repository/begin', async (request, reply) => {
    const place = repositoryIn(request)
    const body = await readBody(request, { maxBytes: limits.jsonBytes, pace: context.pace })
    const beginning = repositoryBeginningSchema.parse(parseJson(body))
    const [config, slot] = [bytesOf(beginning.config), bytesOf(beginning.slot)]
    if (!beginsAsSealed(config, 'config')) throw notAConfig()
    checkSlot(slot, place, 0)
    const existing = await repositoriesOf(store, place.space)
    const allow = () => checkPin(context, request, { operation: 'repository-begin', body })
    await beginRepository(context, { ...place, config, slot }, { existing, allow })
    const { machineId } = place.space
    request.log.warn({ event: 'repository-begun', machineId, repository: place.repository })
    return reply.code(200).send()
  })
  app.post(`${slots}/change`, async (request) => {
    const place = repositoryIn(request)
    const body = await readBody(request, { maxBytes: limits.jsonBytes, pace: context.pace })
    const change = slotChangeSchema.parse(parseJson(body))
    const { add, remove } = change
    if (add !== null) checkSlot(bytesOf(add.slot), place, add.number)
    const { live, next } = await changeSlots(context, { ...place, change }, () =>
      checkPin(context, request, { operation: 'slot-change', body }),
    )
    const { machineId } = identityOf(request).space
    request.log.warn({ event: 'slots-changed', machineId, added: add?.number ?? null, remove })
    return { numbers: live, next }
  })
}

const deleted = (number: number): BackupError =>
  new BackupError('not-found', `The key slot ${number} was deleted.`)

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
