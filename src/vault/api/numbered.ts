/** Repositories, and what is numbered in them: configs and slots, one after another. */

import type { FastifyRequest } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import {
  numberedFolder,
  numberName,
  repositoriesFolder,
  type Namespace,
  type NumberedKind,
} from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { numberOf, repositoryIn } from './parameters.ts'

/**
 * The first config and slot come with the registration. Later ones need the operator: a slot opens everything to another
 * passphrase, and whoever has only the certificate could put what nobody can read in the way of all that comes after.
 */
export const isFirst = (request: FastifyRequest): boolean =>
  repositoryIn(request).repository === 0 && numberOf(request) === 0

export function keyFor(request: FastifyRequest, kind: NumberedKind): string {
  const { space, repository } = repositoryIn(request)
  return numberedFolder(space, repository, kind) + numberName(numberOf(request))
}

export async function repositoriesOf(store: ObjectStore, space: Namespace): Promise<number[]> {
  const names = await store.folders(repositoriesFolder(space))
  return names.map(Number).sort((a, b) => a - b)
}

/** Whether the number is the next one; if not, it is there, and its bytes decide. Repositories begin one after another as well. */
export async function isNextNumber(
  store: ObjectStore,
  request: FastifyRequest,
  { kind, next }: { readonly kind: NumberedKind; readonly next: number },
): Promise<boolean> {
  const place = repositoryIn(request)
  const number = numberOf(request)
  const repositories = await repositoriesOf(store, place.space)
  if (number > next || place.repository > repositories.length) {
    throw new BackupError('usage', `The next of the ${kind} is number ${next}.`, {
      facts: { next },
    })
  }
  return number === next
}
