/** A mail server on loopback: SMTP with STARTTLS or in TLS from the first byte, AUTH PLAIN, mails kept as they come. */

import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { KeyPairPem } from '../../src/vault/authority/certificates.ts'
import { listen } from './listen.ts'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
  readonly isEncrypted: boolean
}

export interface MailReceiver {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Verbs of the commands, in order. */
  readonly commands: readonly string[]
}

export interface MailReceiverOptions {
  readonly pair: KeyPairPem
  readonly mode: 'starttls' | 'tls' | 'clear'
  /** `user:password`; without it nobody has to log in. */
  readonly login?: string
  /** The first mails are put off with 451. */
  readonly puttingOff?: number
}

export async function startMailReceiver(options: MailReceiverOptions): Promise<MailReceiver> {
  const kept: Kept = { mails: [], commands: [], putOff: 0 }
  const server = createServer((socket) => {
    const first = options.mode === 'tls' ? encrypted(socket, options) : socket
    converse(first, kept, { ...options, isEncrypted: options.mode === 'tls', isGreeted: false })
  })
  return { port: await listen(server), mails: kept.mails, commands: kept.commands }
}

interface Kept {
  readonly mails: ReceivedMail[]
  readonly commands: string[]
  putOff: number
}

type Conversation = MailReceiverOptions & {
  readonly isEncrypted: boolean
  readonly isGreeted: boolean
}

const encrypted = (socket: Socket, { pair }: MailReceiverOptions): Socket =>
  new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext({ cert: pair.certificate, key: pair.privateKey }),
  })

function converse(socket: Socket, kept: Kept, options: Conversation): void {
  const say = (line: string) => void socket.write(`${line}\r\n`)
  const envelope = { from: '', to: [] as string[] }
  let isKnown = options.login === undefined
  let buffered = ''
  let isData = false
  const takeMail = (text: string): string => {
    if (kept.putOff++ < (options.puttingOff ?? 0)) return '451 later'
    kept.mails.push({ ...envelope, text, isEncrypted: options.isEncrypted })
    return '250 taken'
  }
  const command = (line: string): string | undefined => {
    const verb = line.split(' ')[0]?.toUpperCase() ?? ''
    kept.commands.push(verb)
    switch (verb) {
      case 'EHLO':
        return greeting(options)
      case 'STARTTLS':
        if (options.mode !== 'starttls' || options.isEncrypted) return '502 not here'
        say('220 go on')
        socket.removeAllListeners('data')
        converse(encrypted(socket, options), kept, {
          ...options,
          ...{ isEncrypted: true, isGreeted: true },
        })
        return undefined
      case 'AUTH':
        isKnown = line.split(' ')[2] === Buffer.from(loginOf(options)).toString('base64')
        return isKnown ? '235 welcome' : '535 no such login'
      case 'MAIL':
        envelope.from = line.slice('MAIL FROM:'.length)
        return isKnown ? '250 ok' : '530 log in'
      case 'RCPT':
        envelope.to.push(line.slice('RCPT TO:'.length))
        return '250 ok'
      case 'DATA':
        isData = true
        return '354 go on'
      default:
        return '250 ok'
    }
  }
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => {
    buffered += bytes.toString('utf8')
    for (;;) {
      const [mark, take] = isData
        ? (['\r\n.\r\n', takeMail] as const)
        : (['\r\n', command] as const)
      const end = buffered.indexOf(mark)
      if (end < 0) return
      const text = buffered.slice(0, end)
      buffered = buffered.slice(end + mark.length)
      isData = false
      const answer = take(text)
      if (answer !== undefined) say(answer)
    }
  })
  if (!options.isGreeted) say('220 mail.test')
}

function greeting({ mode, isEncrypted, login }: Conversation): string {
  const offers = [
    'mail.test',
    ...(mode === 'starttls' && !isEncrypted ? ['STARTTLS'] : []),
    ...(login !== undefined ? ['AUTH PLAIN'] : []),
  ]
  return offers
    .map((offer, at) => `250${at === offers.length - 1 ? ' ' : '-'}${offer}`)
    .join('\r\n')
}

const loginOf = ({ login = '' }: MailReceiverOptions): string =>
  `\0${login.split(':')[0] ?? ''}\0${login.split(':')[1] ?? ''}`
