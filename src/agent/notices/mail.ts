/** A notice as a mail, handed to one mail server. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { within } from '../../base/flow.ts'
import type { MailSettings } from '../../policy/notices.ts'
import { readSmallSecret } from './read-secret.ts'
import { inTries, reasonOf, SendFailure } from './send-failure.ts'
import type { SendContext } from './webhook.ts'

export interface Mail {
  readonly id: string
  readonly subject: string
  readonly text: string
}

const patienceMs = 10_000

/** @throws SendFailure, BackupError `file-permissions`, `file-unreadable` */
export async function sendMail(
  mail: Mail,
  settings: MailSettings,
  context: SendContext,
): Promise<void> {
  const { passwordFile } = settings
  const pass = passwordFile === undefined ? undefined : await readSmallSecret(passwordFile)
  await inTries(() => handOver(mail, { ...settings, pass }, context), context.signal)
}

async function handOver(
  mail: Mail,
  settings: MailSettings & { readonly pass: string | undefined },
  context: SendContext,
): Promise<void> {
  let socket: Socket | undefined
  try {
    socket = await connected(settings, context.signal)
    await converse(mail, { ...settings, socket }, context)
  } catch (error) {
    throw new SendFailure(reasonOf(error), isFinal(error))
  } finally {
    socket?.destroy()
  }
}

/** A connection of our own making: it ends with the signal, whatever the server does. */
async function connected({ host, port }: MailSettings, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, signal })
  // Until it is handed over, and after it was destroyed.
  socket.on('error', () => undefined)
  try {
    await within(patienceMs, signal, (limited) => once(socket, 'connect', { signal: limited }))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function converse(
  { id, subject, text }: Mail,
  {
    host,
    tls,
    from,
    to,
    user,
    pass,
    socket,
  }: MailSettings & {
    readonly pass: string | undefined
    readonly socket: Socket
  },
  { authorities }: SendContext,
): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    ...{ host, secure: tls === 'tls', requireTLS: tls === 'starttls', ignoreTLS: tls === 'off' },
    ...(user !== undefined && pass !== undefined && { auth: { user, pass } }),
    ...{ greetingTimeout: patienceMs, socketTimeout: patienceMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
    tls: {
      ...{ minVersion: 'TLSv1.2', rejectUnauthorized: true },
      ...(authorities && { ca: [...authorities] }),
    },
    getSocket: (_options, callback) => callback(null, { connection: socket }),
  })
  await transport.sendMail({
    from: address(from),
    to: to.map(address),
    ...{ subject, text, messageId: `<${id}@backup.invalid>` },
    headers: { 'Auto-Submitted': 'auto-generated' },
  })
}

/** As parts: nothing in it is read as a list, or as a name. */
const address = (text: string) => ({ name: '', address: text })

/** The server, or what was agreed on encryption, will not be of another mind in a second. */
function isFinal(error: unknown): boolean {
  const { responseCode, code } = error as {
    readonly responseCode?: unknown
    readonly code?: unknown
  }
  if (typeof responseCode === 'number') return responseCode >= 500
  return code === 'EAUTH' || code === 'ETLS'
}
