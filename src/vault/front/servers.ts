/** The three HTTPS servers behind the one port, with their rules for TLS. */

import { constants } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { apiServerName, enrolServerName } from '../../protocol/routes.ts'

export interface TlsMaterial {
  /** PEM: the server's certificate, then what leads to its authority. */
  readonly certificate: string
  /** PEM. */
  readonly privateKey: string
  /** PEM: whose client certificates are taken. */
  readonly authorities: readonly string[]
}

export interface Handlers {
  readonly enrol: RequestListener
  readonly api: RequestListener
  readonly portal: RequestListener
}

export interface VaultServers {
  readonly all: readonly Server[]
  readonly serverFor: (serverName: string | undefined) => Server
  /** For connections from now on. */
  readonly renew: (material: TlsMaterial) => void
}

export function createServers(
  serviceId: string,
  handlers: Handlers,
  material: TlsMaterial,
): VaultServers {
  const enrol = createBounded(enrolRules(material), handlers.enrol)
  const api = createBounded(apiRules(material), handlers.api)
  const portal = createBounded(portalRules(material), handlers.portal)
  const byName = new Map([
    [enrolServerName(serviceId), enrol],
    [apiServerName(serviceId), api],
  ])
  return {
    all: [enrol, api, portal],
    serverFor: (serverName) => byName.get(serverName ?? '') ?? portal,
    renew: (renewed) => {
      enrol.setSecureContext(enrolRules(renewed))
      api.setSecureContext(apiRules(renewed))
      portal.setSecureContext(portalRules(renewed))
    },
  }
}

/** Revocation is looked up on every request; no session outlives its connection. */
const apiRules = (material: TlsMaterial) =>
  ({
    ...keyOf(material),
    minVersion: 'TLSv1.3',
    ca: [...material.authorities],
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
  }) as const satisfies ServerOptions

const enrolRules = (material: TlsMaterial) =>
  ({ ...keyOf(material), minVersion: 'TLSv1.3' }) as const satisfies ServerOptions

const portalRules = (material: TlsMaterial) =>
  ({ ...keyOf(material), minVersion: 'TLSv1.2' }) as const satisfies ServerOptions

const keyOf = (material: TlsMaterial): SecureContextOptions => ({
  key: material.privateKey,
  cert: material.certificate,
})

/**
 * Slow clients must not hold connections: every wait has an end. A body may take hours over a throttled line: that it
 * goes on at all is looked at while it is read (api/body.ts).
 */
const patience = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 6 * 60 * 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
} as const

const silenceMs = 5 * 60_000

function createBounded(rules: ServerOptions, handler: RequestListener): Server {
  const server = createServer({ ...patience, ...rules }, handler)
  server.setTimeout(silenceMs)
  return server
}
