/** Notices: who is told what became of the runs of a source, and how. */

import { posix, win32 } from 'node:path'
import { BackupError } from '../base/errors.ts'
import { secondMs } from '../base/clock.ts'

/** `missed`: a run that was due and not begun, found when it is made up for. */
export const noticeKinds = ['failure', 'warning', 'success', 'missed'] as const
export type NoticeKind = (typeof noticeKinds)[number]

export const usualKinds: readonly NoticeKind[] = ['failure', 'warning', 'missed']

export interface WebhookSettings {
  readonly url: string
  /** Holds what is sent as `Authorization: Bearer`. */
  readonly tokenFile?: string | undefined
  /** Of each try. */
  readonly timeLimitMs: number
}

/** `starttls`: encrypted before anything is said, or not sent. `tls`: from the first byte. */
export const mailSecurities = ['starttls', 'tls', 'off'] as const
export type MailSecurity = (typeof mailSecurities)[number]

export interface MailSettings {
  readonly host: string
  readonly port: number
  readonly tls: MailSecurity
  readonly from: string
  readonly to: readonly string[]
  readonly user?: string | undefined
  readonly passwordFile?: string | undefined
}

export interface NoticeSettings {
  readonly on: readonly NoticeKind[]
  /** With the messages of errors and paths of files that were left out; without, a notice names no file. */
  readonly details: boolean
  /** PEM certificates that are believed besides the usual ones. */
  readonly caFile?: string | undefined
  readonly webhook?: WebhookSettings | undefined
  readonly smtp?: MailSettings | undefined
}

/** What was said of it. */
export type Given<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

const defaultWebhookLimitMs = 10 * secondMs
const mostWebhookLimitMs = 60 * secondMs
const mostUrlCharacters = 2048
const mostRecipients = 20
const mostNameCharacters = 254

const wrong = (message: string, hint?: string) => new BackupError('usage', message, { hint })

/** `failure,missed` @throws BackupError `usage` */
export const parseNoticeKinds = (text: string): NoticeKind[] => text.split(',').map(parseNoticeKind)

/** @throws BackupError `usage` */
export function parseNoticeKind(text: string): NoticeKind {
  const kind = noticeKinds.find((known) => known === text.trim().toLowerCase())
  if (kind !== undefined) return kind
  throw wrong(
    `${JSON.stringify(text)} is nothing that is told.`,
    `What can be told: ${noticeKinds.join(', ')}.`,
  )
}

/** @throws BackupError `usage` */
export function parseMailSecurity(text: string): MailSecurity {
  const security = mailSecurities.find((known) => known === text.trim().toLowerCase())
  if (security !== undefined) return security
  throw wrong(`TLS is one of ${mailSecurities.join(', ')}.`)
}

/** @throws BackupError `usage` */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  throw wrong(`${JSON.stringify(text)} is no port.`)
}

/** @throws BackupError `usage` */
export function parseWholePath(text: string): string {
  if (posix.isAbsolute(text) || win32.isAbsolute(text)) return text
  throw wrong(`${JSON.stringify(text)} is no whole path.`)
}

/** @throws BackupError `usage` */
export function checkedNotices(settings: NoticeSettings): NoticeSettings {
  if (settings.webhook === undefined && settings.smtp === undefined) {
    throw wrong('Notices need a way: a webhook, or a mail server.')
  }
  if (settings.on.length === 0) throw wrong('Notices of nothing are none.')
  return { ...settings, on: noticeKinds.filter((kind) => settings.on.includes(kind)) }
}

/** @throws BackupError `usage` */
export function checkedWebhook({
  url,
  tokenFile,
  timeLimitMs = defaultWebhookLimitMs,
}: Given<WebhookSettings>): WebhookSettings {
  if (url === undefined) throw wrong('The address of the webhook is missing.')
  checkUrl(url)
  if (timeLimitMs < secondMs || timeLimitMs > mostWebhookLimitMs) {
    throw wrong('The time limit of a webhook is from 1s to 60s.')
  }
  return { url, tokenFile, timeLimitMs }
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSecure = url?.protocol === 'https:'
  if (url === undefined || text.length > mostUrlCharacters || !(isSecure || isLocalHttp(url))) {
    throw wrong(
      'A webhook has an address that begins with https://.',
      'http:// is taken for this machine itself alone, as in http://127.0.0.1:8080/.',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw wrong(
      'The address of a webhook holds no password.',
      'Put a token into a file that only its owner can read, and name the file.',
    )
  }
}

const isLocalHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && isLoopback(hostname)

const isLoopback = (host: string): boolean =>
  /^(localhost|\[?::1\]?|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.test(host)

/** @throws BackupError `usage` */
export function checkedMail(given: Given<MailSettings>): MailSettings {
  const { host, tls = 'starttls', from, to = [], user, passwordFile } = given
  if (host === undefined || !isHost(host)) throw wrong('The name of the mail server is missing.')
  if (from === undefined) throw wrong('Say from whom mails come.')
  if (to.length < 1 || to.length > mostRecipients) {
    throw wrong(`Say to whom mails go: 1 to ${mostRecipients} addresses.`)
  }
  for (const address of [from, ...to]) checkAddress(address)
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw wrong('A user of a mail server comes with the file that holds the password.')
  }
  if (user !== undefined && tls === 'off' && !isLoopback(host)) {
    throw wrong('A password is not sent without TLS.')
  }
  const port = given.port ?? usualPorts[tls]
  return { host, port, tls, from, to, user, passwordFile }
}

const usualPorts: Readonly<Record<MailSecurity, number>> = { starttls: 587, tls: 465, off: 25 }

const isHost = (text: string): boolean =>
  text.length <= mostNameCharacters && /^[a-z0-9._:-]+$/i.test(text)

function checkAddress(text: string): void {
  const isOne = /^[^\s@<>,;:"()[\]\\\p{Cc}]+@[^\s@<>,;:"()\\\p{Cc}]+$/u.test(text)
  if (isOne && text.length <= mostNameCharacters) return
  throw wrong(`${JSON.stringify(text)} is no mail address.`)
}
