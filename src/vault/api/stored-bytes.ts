/** Stored bytes out: whole, or one range. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import type { ObjectStore, ReadRange } from '../objects/object-store.ts'

/** Streams with the peer's speed; a peer that goes away closes the file. */
export async function sendStored(
  request: FastifyRequest,
  reply: FastifyReply,
  { store, key }: { readonly store: ObjectStore; readonly key: string },
): Promise<FastifyReply> {
  const range = rangeOf(request.headers.range)
  const { sizeBytes, body } = await store.read(key, range)
  void reply.header('content-type', 'application/octet-stream')
  if (range === undefined) return reply.header('content-length', sizeBytes).send(body)
  if (range.start >= sizeBytes) {
    body.destroy()
    throw unfit(`it begins behind the ${sizeBytes} bytes that there are`)
  }
  const end = Math.min(range.end, sizeBytes)
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${end - 1}/${sizeBytes}`)
    .header('content-length', end - range.start)
    .send(body)
}

/** @throws BackupError `usage` for all but `bytes=a-b` */
export function rangeOf(header: string | undefined): ReadRange | undefined {
  if (header === undefined) return undefined
  const [, first, last] = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(header) ?? []
  if (first === undefined || last === undefined) throw unfit('only bytes=a-b is understood')
  const range = { start: Number(first), end: Number(last) + 1 }
  if (range.start >= range.end) throw unfit('it ends before it begins')
  return range
}

const unfit = (why: string): BackupError =>
  new BackupError('usage', `The range can not be served: ${why}.`)
