/** What stands in paths and queries. Whatever does not have the right form names nothing: 404. */

import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { BackupError } from '../../base/errors.ts'
import {
  objectKinds,
  parseObjectId,
  parseSourceName,
  type ObjectId,
  type ObjectKind,
  type SourceName,
} from '../../model/ids.ts'
import type { RepositoryPlace } from '../objects/presence.ts'
import { identityOf } from './request-identity.ts'

const maxRepository = 9_999
/** Configs and slots of a repository. */
const maxNumber = 99_999

const parameter = (request: FastifyRequest, name: string): string => {
  const value = (request.params as Readonly<Record<string, string>>)[name]
  if (value === undefined) throw nothing()
  return value
}

function numberIn(request: FastifyRequest, name: string, max: number): number {
  const text = parameter(request, name)
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number) || number > max) throw nothing()
  return number
}

/** The repository of the path, in the connection's own namespace: no path can name another. */
export const repositoryIn = (request: FastifyRequest): RepositoryPlace => ({
  space: identityOf(request).space,
  repository: numberIn(request, 'repository', maxRepository),
})

export const numberOf = (request: FastifyRequest): number => numberIn(request, 'number', maxNumber)
export const seqIn = (request: FastifyRequest): number =>
  numberIn(request, 'seq', Number.MAX_SAFE_INTEGER)

export const objectIdIn = (request: FastifyRequest): ObjectId =>
  parsed(() => parseObjectId(parameter(request, 'id')))

export const sourceIn = (request: FastifyRequest): SourceName =>
  parsed(() => parseSourceName(parameter(request, 'source')))

export function objectKindIn(request: FastifyRequest): ObjectKind {
  const text = parameter(request, 'kind')
  const kind = objectKinds.find((known) => known === text)
  if (kind === undefined) throw nothing()
  return kind
}

export function runIdIn(request: FastifyRequest): string {
  const id = parameter(request, 'id')
  if (!/^[0-9a-f]{32}$/.test(id)) throw nothing()
  return id
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch {
    throw nothing()
  }
}

const nothing = (): BackupError => new BackupError('not-found', 'There is nothing here.')

/** A number in a query. */
export const countText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/)
  .transform(Number)
  .pipe(z.int())
