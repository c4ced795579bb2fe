/** What can go wrong on the way to a vault, told once in words for people. */

import { BackupError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { hostPort } from './host-port.ts'

export interface Destination {
  readonly address: string
  readonly port: number
}

/** Failures of TLS by OpenSSL's and Node's codes: what is wrong, and what helps. */
const certificateFailures: Readonly<Record<string, readonly [string, string]>> = {
  CERT_HAS_EXPIRED: [
    'its certificate has expired',
    "Check this machine's clock; otherwise the operator has to restart the vault, which renews its certificate.",
  ],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', "Check this machine's clock."],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'it is another service than the one this machine registered with',
    'Check the address; a vault that was moved needs: backup-vault vault set-address.',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'it does not speak HTTPS',
    'Check the address and the port with the operator.',
  ],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: [
    'it does not speak TLS 1.3',
    'Something between this machine and the vault may be inspecting connections.',
  ],
  ERR_SSL_UNSUPPORTED_PROTOCOL: [
    'it does not speak TLS 1.3',
    'Something between this machine and the vault may be inspecting connections.',
  ],
}

const wrongAuthority: readonly [string, string] = [
  'its certificate is not signed by the authority that this machine trusts',
  'It may be another vault, or something between that inspects connections. Nothing was sent.',
]

const wrongAuthorityCodes = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]

export function translateFailure(error: unknown, destination: Destination): Error {
  if (error instanceof BackupError) return error
  const inner = causeOf(error)
  const code = systemCodeOf(inner) ?? ''
  const where = hostPort(destination.address, destination.port)
  const failure = wrongAuthorityCodes.includes(code) ? wrongAuthority : certificateFailures[code]
  if (failure !== undefined) {
    const [why, hint] = failure
    return new BackupError('vault-untrusted', `The vault at ${where} is refused: ${why}.`, {
      hint,
      cause: error,
    })
  }
  if (code.startsWith('ERR_SSL')) return alert(error, where, code)
  return new BackupError(
    'unreachable',
    `The vault at ${where} can not be reached: ${reasonOf(error)}.`,
    {
      hint: 'Check the network, and with the operator whether the vault is running.',
      cause: error,
    },
  )
}

/** undici and fetch wrap what happened. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0]
  return error instanceof Error && error.cause instanceof Error ? error.cause : error
}

/** The vault ended the handshake: it takes no certificate that its authority did not sign, or that is too old. */
const alert = (error: unknown, where: string, code: string): BackupError =>
  /CERTIFICATE|UNKNOWN_CA/.test(code)
    ? new BackupError(
        'certificate-refused',
        `The vault at ${where} refuses this machine's certificate.`,
        {
          hint: 'It may have expired, or the machine was registered with another vault.',
          cause: error,
        },
      )
    : new BackupError('vault-untrusted', `No secure connection to ${where} (${code}).`, {
        hint: 'Check the address and the port with the operator.',
        cause: error,
      })

/** Why something can not be reached: words that follow a colon. */
export function reasonOf(error: unknown): string {
  const inner = causeOf(error)
  switch (systemCodeOf(inner) ?? '') {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name is not known'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'the connection broke'
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'it does not answer in time'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no way to it'
    default:
      return messageOf(inner).replace(/\.$/, '')
  }
}
