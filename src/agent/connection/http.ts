/** Requests over kept connections to one of the vault's servers: bounded answers, errors by their codes, repeats where they are safe. */

import { Readable } from 'node:stream'
import type { Agent, Dispatcher } from 'undici'
import type { z } from 'zod'
import { BackupError, isErrorCode } from '../../base/errors.ts'
import { retry } from '../../base/flow.ts'
import { errorAnswerSchema } from '../../protocol/messages.ts'
import { limits } from '../../protocol/routes.ts'
import { translateFailure, type Destination } from './failures.ts'
import { throttledBody, type Throttle } from './throttle.ts'

export interface HttpOptions {
  /** An agent whose connections are dialled to the server that is meant. */
  readonly agent: Agent
  /** `https://name:port`: for the Host header; where it goes is the agent's matter. */
  readonly origin: string
  readonly destination: Destination
  readonly signal?: AbortSignal | undefined
  readonly throttle?: Throttle | undefined
  /** How long what fails for the moment is repeated. */
  readonly retryForMs: number
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST'
  readonly path: string
  readonly body?: Uint8Array | object | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Of the answer; larger ones are refused. */
  readonly maxBytes?: number
  /** The throttle has been asked for the answer's bytes. */
  readonly isPaid?: boolean
  /** Ends it once it is begun, in place of the connection's; that one keeps it from being begun or repeated. */
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly bytes: Uint8Array
  /** The header, where there is one. */
  readonly contentRange?: string | undefined
}

export interface Http {
  /** Any answer below 400. @throws BackupError */
  send(request: Request): Promise<Answer>
  json<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>>
  close(): Promise<void>
}

export function createHttp(options: HttpOptions): Http {
  const send = (request: Request): Promise<Answer> =>
    retry(() => sendOnce(options, request), {
      forMs: options.retryForMs,
      signal: options.signal,
    })
  return {
    send,
    json: async (request, schema) => {
      const { bytes } = await send({ maxBytes: limits.answerBytes, ...request })
      return parseAnswer(bytes, schema, request)
    },
    close: () => options.agent.destroy(),
  }
}

async function sendOnce(options: HttpOptions, request: Request): Promise<Answer> {
  const { agent, origin, destination } = options
  options.signal?.throwIfAborted()
  request.signal?.throwIfAborted()
  const signal = request.signal ?? options.signal
  try {
    const answer = await agent.request({
      origin,
      path: request.path,
      method: request.method,
      headers: headersOf(request),
      body: bodyOf(request, { ...options, signal }) ?? null,
      signal: signal ?? null,
    })
    const bytes = await readBody(answer, request, { ...options, signal })
    const contentRange = answer.headers['content-range']?.toString()
    if (answer.statusCode < 400) return { status: answer.statusCode, bytes, contentRange }
    throw errorOf(answer.statusCode, bytes)
  } catch (error) {
    options.signal?.throwIfAborted()
    request.signal?.throwIfAborted()
    throw translateFailure(error, destination)
  }
}

function headersOf({ body, headers }: Request): Record<string, string> {
  if (body === undefined) return { ...headers }
  if (!(body instanceof Uint8Array)) return { 'content-type': 'application/json', ...headers }
  const length = { 'content-length': String(body.length) }
  return { 'content-type': 'application/octet-stream', ...length, ...headers }
}

/** In parts where there may be a limit, now or while it is sent; whole otherwise. */
function bodyOf({ body }: Request, { throttle, signal }: HttpOptions) {
  if (body === undefined) return undefined
  if (!(body instanceof Uint8Array)) return JSON.stringify(body)
  return throttle === undefined ? body : Readable.from(throttledBody(body, throttle, signal))
}

/** Into memory of the length that is announced: parts that wait to be joined would take the same again. */
async function readBody(
  { body, headers }: Pick<Dispatcher.ResponseData, 'body' | 'headers'>,
  { maxBytes = limits.answerBytes, isPaid = false }: Request,
  { throttle, signal }: HttpOptions,
): Promise<Uint8Array> {
  const announced = Number(headers['content-length'])
  const whole = announced > 0 && announced <= maxBytes ? new Uint8Array(announced) : undefined
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    if (length + part.length > maxBytes) {
      body.destroy()
      throw new BackupError('malformed', `The vault's answer has more than ${maxBytes} bytes.`)
    }
    if (whole === undefined) parts.push(part)
    else whole.set(part, length)
    length += part.length
    if (!isPaid) await throttle?.take('download', part.length, signal)
  }
  return whole?.subarray(0, length) ?? Buffer.concat(parts, length)
}

/** The vault's own error, or what can be said of a status alone. */
function errorOf(status: number, bytes: Uint8Array): BackupError {
  const answer = errorAnswerSchema.safeParse(parseJson(bytes))
  if (answer.success && isErrorCode(answer.data.error.code)) {
    const { code, message, hint, facts } = answer.data.error
    return new BackupError(code, message, { hint, facts })
  }
  const code =
    status === 503 || status === 429 ? 'vault-busy' : status === 404 ? 'not-found' : 'internal'
  return new BackupError(code, `The vault answers with status ${status}.`, {
    hint: 'Ask the operator to look at the log of the vault.',
  })
}

function parseAnswer<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  { path }: Request,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data
  throw new BackupError('malformed', `The vault's answer to ${path} is not one of this protocol.`, {
    cause: parsed.error,
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
