/** What a webhook is sent to: HTTPS on loopback, which answers as the test says and keeps what it got. */

import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { KeyPairPem } from '../../src/vault/authority/certificates.ts'
import { listen } from './listen.ts'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface WebhookReceiver {
  readonly url: string
  readonly received: Received[]
}

/** `statuses`: of the first answers, then 204. `null`: no answer at all. */
export async function startWebhookReceiver(
  pair: KeyPairPem,
  statuses: readonly (number | null)[] = [],
): Promise<WebhookReceiver> {
  const received: Received[] = []
  const server = createServer(
    { cert: pair.certificate, key: pair.privateKey },
    (request, response) => {
      void text(request).then((body) => {
        const status = statuses[received.length]
        received.push({ path: request.url ?? '', headers: request.headers, body })
        if (status !== null) response.writeHead(status ?? 204, { location: '/elsewhere' }).end()
      })
    },
  )
  return { received, url: `https://127.0.0.1:${await listen(server)}/hook/secret-part` }
}
