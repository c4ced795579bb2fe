/**
 * The key in the key store of the operating system: libsecret, Keychain, Credential Manager. A process of its own asks it,
 * which is ended when it does not answer: a keyring may wait for somebody to type, or for a bus that is not there.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fromHex, toHex } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { Secret } from '../../base/secret.ts'
import { differentKey, recoverHint, type KeyStore } from './key-store.ts'
import { parseOsAnswer, type OsAnswer, type OsRequest } from './os-messages.ts'

export interface OsKeyStoreOptions {
  /** Tells this key from others of the same user. */
  readonly account: string
  /** The environment to ask in: this one's, or that of a scheduled run. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number
  /** The program that asks, as words behind Node's. */
  readonly program?: readonly string[]
}

/** Long enough to unlock a keyring that asks for its password. */
const usualTimeoutMs = 30_000
const usualProgram = [fileURLToPath(new URL('./os-child.js', import.meta.url))]
const maxAnswerBytes = 65_536

export function osKeyStore(options: OsKeyStoreOptions): KeyStore {
  const { account } = options
  const load = async () => {
    const { secret } = await ask(options, { operation: 'get', account })
    if (secret === null) throw noAnswer()
    const key = fromHex(secret)
    if (key !== undefined && key.length >= 32) return new Secret(key)
    throw unavailable('The key in the key store of the operating system is damaged.', recoverHint)
  }
  return {
    kind: 'os',
    save: async (key) => {
      await ask(options, { operation: 'set', account, secret: toHex(key.bytes) })
      const stored = await load()
      const isSame = stored.equals(key)
      stored.dispose()
      if (!isSame) throw differentKey('The key store of the operating system')
    },
    load,
    remove: async () => {
      await ask(options, { operation: 'delete', account })
    },
  }
}

type Success = Extract<OsAnswer, { ok: true }>

async function ask(options: OsKeyStoreOptions, request: OsRequest): Promise<Success> {
  const answer = await answerOf(options, JSON.stringify(request))
  if (answer === undefined) {
    throw unavailable('The key store of the operating system does not answer.', unlockHint)
  }
  if (answer.ok) return answer
  if (answer.reason === 'absent') {
    throw unavailable(
      `The key store of the operating system can not be used: ${answer.message}.`,
      'Install the package keytar (on Linux it needs libsecret), or use --key-store file.',
    )
  }
  throw unavailable(
    `The key store of the operating system does not open: ${answer.message}.`,
    unlockHint,
  )
}

/** Undefined: it was ended, or said nothing that can be understood. */
function answerOf(
  { env, timeoutMs = usualTimeoutMs, program = usualProgram }: OsKeyStoreOptions,
  request: string,
): Promise<OsAnswer | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.length > maxAnswerBytes) child.kill('SIGKILL')
    })
    const end = (answer: OsAnswer | undefined) => {
      clearTimeout(timer)
      resolve(answer)
    }
    child.on('error', () => {
      end(undefined)
    })
    child.on('close', () => {
      end(parseOsAnswer(text))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(request)
  })
}

const unlockHint =
  'Unlock it by logging in, and try again. Where nobody logs in: backup key-store move file'

/** A locked keyring says nothing, too: no reason to make a new key. */
const noAnswer = (): BackupError =>
  unavailable(
    "The key store of the operating system does not give this machine's key: it is locked, or the key was removed.",
    `Unlock it by logging in. If the key was removed: ${recoverHint.charAt(0).toLowerCase()}${recoverHint.slice(1)}`,
  )

const unavailable = (message: string, hint: string): BackupError =>
  new BackupError('key-unavailable', message, { hint })
