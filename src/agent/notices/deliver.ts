/** Sends a notice every way that the policy names. */

import { rootCertificates } from 'node:tls'
import { BackupError } from '../../base/errors.ts'
import { within } from '../../base/flow.ts'
import { readBounded } from '../../base/files.ts'
import type { NoticeSettings } from '../../policy/notices.ts'
import { sendMail } from './mail.ts'
import { mailSubject, mailText, webhookBody, type Notice } from './notice.ts'
import { reasonOf } from './send-failure.ts'
import { sendWebhook, type SendContext } from './webhook.ts'

export interface Delivery {
  readonly by: 'webhook' | 'smtp'
  /** The host; of a webhook's address no more, which may hold a secret. */
  readonly host: string
  /** Undefined: it was taken. */
  readonly failure: string | undefined
}

/** All tries together. */
const patienceMs = 60_000
const maxAuthorityBytes = 1024 * 1024

/** Never rejects: what is not sent says why. */
export async function deliver(
  notice: Notice,
  { webhook, smtp, caFile }: NoticeSettings,
  { env, signal }: Omit<SendContext, 'authorities'>,
): Promise<readonly Delivery[]> {
  const contextNow = async (limited: AbortSignal) => ({
    ...{ env, signal: limited, authorities: await authoritiesOf(caFile) },
  })
  return within(patienceMs, signal, (limited) => {
    const ways: Promise<Delivery>[] = []
    if (webhook !== undefined) {
      const send = async () => sendWebhook(webhookBody(notice), webhook, await contextNow(limited))
      ways.push(tried('webhook', new URL(webhook.url).host, send))
    }
    if (smtp !== undefined) {
      const mail = { id: notice.id, subject: mailSubject(notice), text: mailText(notice) }
      const send = async () => sendMail(mail, smtp, await contextNow(limited))
      ways.push(tried('smtp', smtp.host, send))
    }
    return Promise.all(ways)
  })
}

async function tried(
  by: Delivery['by'],
  host: string,
  send: () => Promise<void>,
): Promise<Delivery> {
  try {
    await send()
    return { by, host, failure: undefined }
  } catch (error) {
    return { by, host, failure: reasonOf(error) }
  }
}

/** @throws BackupError `file-unreadable` */
export async function authoritiesOf(caFile: string | undefined): Promise<string[] | undefined> {
  if (caFile === undefined) return undefined
  const text = Buffer.from(await readBounded(caFile, maxAuthorityBytes)).toString('utf8')
  if (text.includes('-----BEGIN CERTIFICATE-----')) return [...rootCertificates, text]
  throw new BackupError('file-unreadable', `${caFile} holds no certificate in PEM.`)
}
