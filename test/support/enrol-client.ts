/** What an agent says to the enrolment and API servers, written down from docs/protocol.md, for tests of the vault alone. */

import 'reflect-metadata'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { fromHex, systemRandom, toBase64Url, toHex, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { signEd25519, signP256 } from '../../src/crypto/primitives/signature.ts'
import type { VaultCredential } from '../../src/model/credential.ts'
import { apiServerName, enrolRoutes, enrolServerName } from '../../src/protocol/routes.ts'
import {
  enrolMessage,
  passphraseProofMessage,
  recoveryMessage,
  recoveryStartMessage,
} from '../../src/protocol/signed.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface MachineKey {
  /** DER. */
  readonly csr: Uint8Array
  /** PEM. */
  readonly privateKey: string
}

export async function makeMachineKey(): Promise<MachineKey> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=whatever it says',
    keys,
    signingAlgorithm: algorithm,
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    csr: new Uint8Array(csr.rawData),
    privateKey: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

export interface Answer {
  readonly status: number
  readonly body: AnswerBody
}

/** Fields that tests go on with; which of them are there depends on the answer. */
export interface AnswerBody {
  readonly certificate: string
  readonly machineId: string
  readonly nonce: string
  readonly slots: unknown
}

/** Opens a connection; the caller ends it. */
export async function open(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** One request on that connection, which stays open. */
export async function ask(
  socket: TLSSocket,
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const asked = httpRequest({
    createConnection: () => socket,
    method,
    path,
    headers: {
      connection: 'keep-alive',
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    },
  })
  asked.end(text)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let answer = ''
  for await (const part of response.setEncoding('utf8')) answer += String(part)
  return {
    status: response.statusCode ?? 0,
    body: JSON.parse(answer === '' ? '{}' : answer) as AnswerBody,
  }
}

const exporterOf = (socket: TLSSocket): Uint8Array =>
  socket.exportKeyingMaterial(32, 'EXPORTER-backup-v1', Buffer.alloc(0))

const keyOf = (credential: VaultCredential): KeyObject =>
  createPrivateKey({
    key: Buffer.from(credential.privateKey, 'base64url'),
    format: 'der',
    type: 'pkcs8',
  })

/** A connection to the enrolment server that trusts the credential's authority alone. */
export const openEnrol = (
  credential: VaultCredential,
  port = credential.port,
): Promise<TLSSocket> =>
  open(port, { ca: credential.authority, servername: enrolServerName(credential.serviceId) })

export interface EnrolOptions {
  readonly key?: MachineKey
  /** 32 hexadecimal digits. */
  readonly requestId?: string
  /** Changes the body after it was signed. */
  readonly altered?: Readonly<Record<string, unknown>>
}

export const newRequestId = (): string => toHex(systemRandom(16))

export async function enrolMachine(
  credential: VaultCredential,
  machineName: string,
  options: EnrolOptions = {},
): Promise<Answer> {
  const key = options.key ?? (await makeMachineKey())
  const requestId = options.requestId ?? newRequestId()
  const { vaultId, serial } = credential
  const socket = await openEnrol(credential)
  const message = enrolMessage(
    { vaultId, serial, requestId: bytesOf(requestId), exporter: exporterOf(socket) },
    sha256(utf8(machineName)),
    sha256(key.csr),
  )
  try {
    return await ask(socket, enrolRoutes.enrol, {
      vaultId,
      serial,
      requestId,
      machineName,
      csr: toBase64Url(key.csr),
      signature: toBase64Url(signP256(keyOf(credential), '', message)),
      ...options.altered,
    })
  } finally {
    socket.destroy()
  }
}

export async function startRecovery(
  credential: VaultCredential,
  requestId: string,
): Promise<Answer> {
  const { vaultId, serial } = credential
  const socket = await openEnrol(credential)
  const facts = { vaultId, serial, requestId: bytesOf(requestId), exporter: exporterOf(socket) }
  const signature = signP256(keyOf(credential), '', recoveryStartMessage(facts))
  try {
    const body = { vaultId, serial, requestId, signature: toBase64Url(signature) }
    return await ask(socket, enrolRoutes.recoveryStart, body)
  } finally {
    socket.destroy()
  }
}

export interface RecoveryOptions {
  readonly requestId: string
  readonly nonce: string
  /** Ed25519, 32 bytes. */
  readonly seed: Uint8Array
  readonly key: MachineKey
}

export async function finishRecovery(
  credential: VaultCredential,
  { requestId, nonce, seed, key }: RecoveryOptions,
): Promise<Answer> {
  const { vaultId, serial, machineId } = credential
  if (machineId === null) throw new Error('not for recovery')
  const socket = await openEnrol(credential)
  const facts = {
    vaultId,
    serial,
    requestId: bytesOf(requestId),
    exporter: exporterOf(socket),
    machineId,
    nonce: bytesOf(nonce),
    repository: 0,
    slot: 0,
    csrHash: sha256(key.csr),
  }
  try {
    return await ask(socket, enrolRoutes.recoveryFinish, {
      vaultId,
      serial,
      requestId,
      nonce,
      repository: 0,
      slot: 0,
      csr: toBase64Url(key.csr),
      signature: toBase64Url(signP256(keyOf(credential), '', recoveryMessage(facts))),
      proof: toBase64Url(signEd25519(seed, passphraseProofMessage(facts))),
    })
  } finally {
    socket.destroy()
  }
}

/** A connection to the API server with a machine's certificate. */
export const openApi = (
  credential: VaultCredential,
  machine: { readonly certificate: string; readonly key: MachineKey },
): Promise<TLSSocket> =>
  open(credential.port, {
    ca: credential.authority,
    servername: apiServerName(credential.serviceId),
    cert: machine.certificate,
    key: machine.key.privateKey,
  })

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes === undefined) throw new Error('not hexadecimal')
  return bytes
}
