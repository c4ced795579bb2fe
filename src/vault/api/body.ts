/** Bodies of requests: never longer than announced and allowed, never slower than a floor, never read twice. */

import type { FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { BackupError } from '../../base/errors.ts'
import { limits } from '../../protocol/routes.ts'

/** In each span of time at least so many bytes have to come, or the connection is cut. */
export interface BodyPace {
  readonly spanMs: number
  readonly leastBytes: number
}

export const defaultPace: BodyPace = { spanMs: 60_000, leastBytes: 60 * 1024 }

/**
 * The announced length of the body.
 * @throws BackupError `length-required`, `too-large`
 */
export function lengthOf(request: FastifyRequest, maxBytes: number): number {
  const text = request.headers['content-length']
  if (text === undefined || request.headers['transfer-encoding'] !== undefined) {
    throw new BackupError('length-required', 'The request has no Content-Length.')
  }
  const sizeBytes = Number(text)
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= maxBytes) return sizeBytes
  throw new BackupError('too-large', `A body of ${text} bytes: at most ${maxBytes} are taken here.`)
}

export interface BodyLimits {
  readonly maxBytes: number
  readonly pace?: BodyPace | undefined
}

/** The body in parts, as it comes. What its reader leaves is not read. */
export async function* bodyOf(
  request: FastifyRequest,
  { maxBytes, pace = defaultPace }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const announced = lengthOf(request, maxBytes)
  const watch = watchPace(request.raw, pace)
  let sizeBytes = 0
  try {
    // Destroying the request on an early return would cut the connection before the answer is sent.
    for await (const part of request.raw.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Uint8Array>) {
      sizeBytes += part.length
      if (sizeBytes > announced)
        throw new BackupError('too-large', 'More bytes came than were announced.')
      watch.came(part.length)
      yield part
      watch.wait()
    }
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw new BackupError('malformed', 'The connection broke off within the body.', {
      cause: error,
    })
  } finally {
    watch.stop()
  }
}

/** Only the time counts in which the vault waits for the peer, not the time that its own disk takes. */
function watchPace(raw: IncomingMessage, pace: BodyPace) {
  let bytes = 0
  let waiting = true
  const timer = setInterval(() => {
    if (waiting && bytes < pace.leastBytes) raw.destroy(new Error('The body comes too slowly.'))
    bytes = 0
  }, pace.spanMs)
  return {
    came: (count: number) => {
      bytes += count
      waiting = false
    },
    wait: () => {
      waiting = true
    },
    stop: () => clearInterval(timer),
  }
}

/** The whole body. */
export async function readBody(
  request: FastifyRequest,
  bodyLimits: BodyLimits,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of bodyOf(request, bodyLimits)) parts.push(part)
  return Buffer.concat(parts)
}

/** @throws BackupError `malformed` for what is no JSON; ZodError for what is not the message */
export async function readJson<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
  pace?: BodyPace,
): Promise<z.output<Schema>> {
  const bytes = await readBody(request, { maxBytes: limits.jsonBytes, pace })
  return schema.parse(parseJson(bytes))
}

/** @throws BackupError `malformed` */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new BackupError('malformed', 'The body is no JSON.', { cause: error })
  }
}
