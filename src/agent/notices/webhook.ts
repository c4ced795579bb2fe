/** A notice as an HTTPS request. Redirections are not followed: what is told goes where the policy says, and nowhere else. */

import type { Dispatcher } from 'undici'
import { within } from '../../base/flow.ts'
import type { WebhookSettings } from '../../policy/notices.ts'
import { chooseProxy } from '../connection/proxy.ts'
import { readSmallSecret } from './read-secret.ts'
import { inTries, reasonOf, SendFailure } from './send-failure.ts'

export interface SendContext {
  /** PEM: all that is believed; undefined: what Node believes. */
  readonly authorities: readonly string[] | undefined
  /** Where a proxy may be named. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** @throws SendFailure, BackupError `file-permissions`, `file-unreadable`, `usage` (no such proxy) */
export async function sendWebhook(
  body: string,
  webhook: WebhookSettings,
  context: SendContext,
): Promise<void> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'backup',
  }
  if (webhook.tokenFile !== undefined) {
    headers['authorization'] = `Bearer ${await readSmallSecret(webhook.tokenFile)}`
  }
  const dispatcher = await dispatcherFor(webhook, context)
  try {
    await inTries(() => post(webhook, { body, headers, dispatcher }, context), context.signal)
  } finally {
    await dispatcher.destroy()
  }
}

async function dispatcherFor(
  { url }: WebhookSettings,
  { env, authorities }: SendContext,
): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import('undici')
  const { protocol, hostname } = new URL(url)
  const tls = { rejectUnauthorized: true, ...(authorities && { ca: [...authorities] }) }
  // Plain HTTP stays on this machine.
  const proxy = protocol === 'https:' ? await chooseProxy({ env }, hostname) : undefined
  if (proxy === undefined) return new Agent({ connect: tls })
  const { credentials } = proxy
  const token = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  return new ProxyAgent({ uri: proxy.url.origin, requestTls: tls, ...(token && { token }) })
}

interface Post {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
}

async function post(
  { url, timeLimitMs }: WebhookSettings,
  { body, headers, dispatcher }: Post,
  { signal }: SendContext,
): Promise<void> {
  const { request } = await import('undici')
  const ask = async (limited: AbortSignal) => {
    const answer = await request(url, {
      ...{ method: 'POST', headers, body, dispatcher, signal: limited },
    })
    // What it says does not matter; the connection ends with the dispatcher.
    answer.body.on('error', () => undefined).destroy()
    return answer.statusCode
  }
  const status = await within(timeLimitMs, signal, ask).catch((error: unknown) => {
    throw new SendFailure(reasonOf(error), false)
  })
  if (status >= 200 && status < 300) return
  const isPassing = status >= 500 || status === 408 || status === 429
  throw new SendFailure(`it answered with status ${status}`, !isPassing)
}
