/** HTTP proxies: which one to use. */

import { BackupError } from '../../base/errors.ts'
import { readSecretFile } from '../../base/files.ts'
import { isExempt } from './no-proxy.ts'

export interface Proxy {
  readonly url: URL
  /** `user:password`. */
  readonly credentials?: string | undefined
}

export interface ProxyChoice {
  /** Of the command line or the registration. */
  readonly url?: string | undefined
  /** A file with `user:password`. */
  readonly credentialsFile?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

const maxCredentialsBytes = 4096

/** Undefined where none is to be used. @throws BackupError `usage`, `file-permissions`, `file-unreadable` */
export async function chooseProxy(
  choice: ProxyChoice,
  vaultHost: string,
): Promise<Proxy | undefined> {
  const { env } = choice
  const text = choice.url ?? env['HTTPS_PROXY'] ?? env['https_proxy']
  const without = env['NO_PROXY'] ?? env['no_proxy'] ?? ''
  if (!text || (choice.url === undefined && isExempt(vaultHost, without))) return undefined
  const url = parseProxy(text)
  const file = choice.credentialsFile ?? env['BACKUP_PROXY_CREDENTIALS_FILE']
  return { url, credentials: file ? await readCredentials(file) : userInfo(url) }
}

function parseProxy(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol) && url.hostname) return url
  throw new BackupError('usage', `${JSON.stringify(text)} is no address of a proxy.`, {
    hint: 'Write it like http://proxy.example:3128',
  })
}

async function readCredentials(path: string): Promise<string> {
  const text = Buffer.from(await readSecretFile(path, maxCredentialsBytes)).toString('utf8')
  return text.replace(/\r?\n$/, '')
}

const userInfo = (url: URL): string | undefined =>
  url.username ? `${unescaped(url.username)}:${unescaped(url.password)}` : undefined

/** A percent sign that escapes nothing is meant as it stands. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
