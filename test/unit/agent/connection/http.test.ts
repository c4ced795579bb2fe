import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createHttp, type HttpOptions } from '../../../../src/agent/connection/http.ts'
import { listen } from '../../../support/listen.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Answers the first request by the first handler, and so on; the last one answers all that follow. */
async function startHttp(handlers: readonly Handler[], options: Partial<HttpOptions> = {}) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(seen.length, handlers.length - 1)]
    seen.push(request)
    handler?.(request, response)
  })
  const port = await listen(server)
  const http = createHttp({
    agent: new Agent({ connections: 1 }),
    origin: `http://127.0.0.1:${port}`,
    destination: { address: '127.0.0.1', port },
    retryForMs: 0,
    ...options,
  })
  onTestFinished(() => http.close())
  return { http, seen }
}

const answer =
  (status: number, body: string | Uint8Array = ''): Handler =>
  (_request, response) =>
    response.writeHead(status).end(body)

const refusal = (status: number, error: object): Handler =>
  answer(status, JSON.stringify({ error }))

const breakOff: Handler = (_request, response) => {
  response.writeHead(200, { 'content-length': '100' }).write('half')
  setImmediate(() => response.destroy())
}

const get = { method: 'GET', path: '/v1/thing' } as const

describe('a request', () => {
  it('carries bytes as bytes, and anything else as JSON', async () => {
    const bodies: string[] = []
    const note: Handler = (request, response) => {
      void request.toArray().then((parts) => {
        bodies.push(Buffer.concat(parts as Buffer[]).toString('latin1'))
        response.writeHead(201).end()
      })
    }
    const { http, seen } = await startHttp([note])
    const bytes = Uint8Array.of(0xff, 0x00, 0x41)
    expect(await http.send({ method: 'PUT', path: '/b', body: bytes })).toMatchObject({
      status: 201,
    })
    await http.send({ method: 'POST', path: '/j', body: { text: 'ü' }, headers: { range: 'x' } })
    expect(bodies).toEqual(['\xff\x00A', Buffer.from('{"text":"ü"}').toString('latin1')])
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '3',
    })
    expect(seen[1]?.headers).toMatchObject({ 'content-type': 'application/json', range: 'x' })
  })

  it('without a body says nothing of its type', async () => {
    const { http, seen } = await startHttp([answer(204)])
    expect(await http.send(get)).toEqual({ status: 204, bytes: Buffer.alloc(0) })
    expect(seen[0]?.headers).not.toHaveProperty('content-type')
  })
})

describe('an answer', () => {
  it('is read up to its bound, to the byte', async () => {
    const { http } = await startHttp([answer(200, Buffer.alloc(1000, 7))])
    expect((await http.send({ ...get, maxBytes: 1000 })).bytes).toEqual(Buffer.alloc(1000, 7))
    await expect(http.send({ ...get, maxBytes: 999 })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('999 bytes') as string,
    })
  })

  it('without an end is broken off', async () => {
    const block = Buffer.alloc(64 * 1024)
    let ended: Promise<unknown> | undefined
    const endless: Handler = (_request, response) => {
      ended = once(response, 'close')
      const more = () => {
        while (!response.destroyed && response.write(block));
        response.once('drain', more)
      }
      more()
    }
    const { http } = await startHttp([endless])
    await expect(http.send({ ...get, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'malformed',
    })
    await ended
  })

  it('is checked against what it should be', async () => {
    const schema = z.object({ count: z.number() })
    const answers = ['{"count":3,"more":1}', '{"count":"3"}', 'null', '<html>', ''].map((text) =>
      answer(200, text),
    )
    const { http } = await startHttp(answers)
    expect(await http.json(get, schema)).toEqual({ count: 3 })
    for (let wrong = 1; wrong < answers.length; wrong += 1) {
      await expect(http.json(get, schema)).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining('/v1/thing') as string,
      })
    }
  })
})

describe('an error of the vault', () => {
  it('keeps its code, words, hint and facts', async () => {
    const error = {
      code: 'head-moved',
      message: 'Another one was first.',
      hint: 'Try again.',
      facts: { headSeq: 3 },
    }
    const { http } = await startHttp([refusal(409, error)])
    await expect(http.send(get)).rejects.toMatchObject(error)
  })

  it.each([
    [404, 'not-found'],
    [429, 'vault-busy'],
    [503, 'vault-busy'],
    [500, 'internal'],
    [418, 'internal'],
  ])('of which only the status %i is known is %s', async (status, code) => {
    const unknownCode = refusal(status, { code: 'no-such-code', message: 'x' })
    const { http } = await startHttp([answer(status), answer(status, '<html>'), unknownCode])
    for (let kind = 0; kind < 3; kind += 1) {
      await expect(http.send(get)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(String(status)) as string,
      })
    }
  })
})

describe('what fails for the moment', () => {
  const busy = refusal(503, { code: 'vault-busy', message: 'Later.' })

  it('is repeated until it succeeds', async () => {
    const { http, seen } = await startHttp([busy, breakOff, answer(200, 'there')], {
      retryForMs: 60_000,
    })
    const body = Uint8Array.of(1, 2, 3)
    const { bytes } = await http.send({ method: 'PUT', path: '/v1/thing', body })
    expect(Buffer.from(bytes).toString()).toBe('there')
    expect(seen.map(({ headers }) => headers['content-length'])).toEqual(['3', '3', '3'])
  })

  it('is told where there is no time to repeat it', async () => {
    const { http, seen } = await startHttp([busy])
    await expect(http.send(get)).rejects.toMatchObject({ code: 'vault-busy' })
    expect(seen).toHaveLength(1)
  })

  it('is not what was refused for good', async () => {
    const forbidden = refusal(403, { code: 'certificate-refused', message: 'No.' })
    const { http, seen } = await startHttp([forbidden], { retryForMs: 60_000 })
    await expect(http.send(get)).rejects.toMatchObject({ code: 'certificate-refused' })
    expect(seen).toHaveLength(1)
  })

  it('is an answer that breaks off', async () => {
    const { http } = await startHttp([breakOff])
    await expect(http.send(get)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/connection broke/) as string,
    })
  })
})

describe('a caller that gives up', () => {
  const reason = new Error('stopped')

  it('sends nothing', async () => {
    const { http, seen } = await startHttp([answer(200)], { signal: AbortSignal.abort(reason) })
    await expect(http.send(get)).rejects.toBe(reason)
    expect(seen).toEqual([])
  })

  it('waits neither for an answer nor for the next try', async () => {
    for (const handler of [() => undefined, answer(503)]) {
      const giveUp = new AbortController()
      const asked: Handler = (request, response) => {
        handler(request, response)
        setImmediate(() => {
          giveUp.abort(reason)
        })
      }
      const { http } = await startHttp([asked], { signal: giveUp.signal, retryForMs: 600_000 })
      await expect(http.send(get)).rejects.toBe(reason)
    }
  })
})
