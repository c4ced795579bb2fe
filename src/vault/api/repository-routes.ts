/** Repositories and their configs: numbered from 0, created once each. */

import type { FastifyInstance } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import { beginsAsSealed } from '../../model/sealed-object.ts'
import { limits } from '../../protocol/routes.ts'
import { numberedFolder, parseNumberName } from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { RepositoryPlace } from '../objects/presence.ts'
import { readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { isFirst, isNextNumber, keyFor, repositoriesOf } from './numbered.ts'
import { repositoryIn } from './parameters.ts'
import { checkPin } from './pin.ts'
import { identityOf } from './request-identity.ts'
import { sendStored } from './stored-bytes.ts'

export function addRepositoryRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store } = context
  const configs = '/v1/repositories/:repository/configs'
  app.get('/v1/repositories', async (request) => ({
    numbers: await repositoriesOf(store, identityOf(request).space),
  }))
  app.get(configs, async (request) => ({ numbers: await configsOf(store, repositoryIn(request)) }))
  app.get(`${configs}/:number`, (request, reply) =>
    sendStored(request, reply, { store, key: keyFor(request, 'configs') }),
  )
  app.put(`${configs}/:number`, async (request, reply) => {
    const next = (await configsOf(store, repositoryIn(request))).length
    const isNext = await isNextNumber(store, request, { kind: 'configs', next })
    const body = await readBody(request, { maxBytes: limits.configBytes, pace: context.pace })
    if (!beginsAsSealed(body, 'config')) throw notAConfig()
    if (isNext && !isFirst(request))
      await checkPin(context, request, { operation: 'config-add', body })
    const result = await store.create(keyFor(request, 'configs'), body)
    return reply.code(result === 'created' ? 201 : 200).send()
  })
}

export const notAConfig = (): BackupError =>
  new BackupError('malformed', 'The body does not begin as a sealed config does.')

async function configsOf(
  store: ObjectStore,
  { space, repository }: RepositoryPlace,
): Promise<number[]> {
  const folder = numberedFolder(space, repository, 'configs')
  const numbers: number[] = []
  for await (const { key } of store.list(folder)) {
    const number = parseNumberName(key.slice(folder.length))
    if (number !== undefined) numbers.push(number)
  }
  return numbers
}
