/** A served vault with one machine, and openssl as a client of its port. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { apiServerName, enrolServerName } from '../../src/protocol/routes.ts'
import {
  registeredMachine,
  startCommandVault,
  type CommandMachine,
  type CommandVault,
} from './commands.ts'
import { listen } from './listen.ts'
import { factsOf, type CertificateFiles } from './tls-machine.ts'
import { runTool, type ToolEnd } from './tool.ts'

export interface Place {
  readonly vault: CommandVault
  readonly machine: CommandMachine
  /** PEM file. */
  readonly authority: string
  readonly names: Readonly<Record<'enrol' | 'api' | 'other', string>>
}

export async function startPlace(): Promise<Place> {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const { serviceId, authorities } = factsOf(machine)
  const authority = join(vault.scratch, 'authority.pem')
  writeFileSync(authority, authorities.join('\n'))
  const names = {
    enrol: enrolServerName(serviceId),
    api: apiServerName(serviceId),
    other: 'vault.example',
  }
  return { vault, machine, authority, names }
}

export type ServerName = keyof Place['names'] | 'none'

export interface Hello {
  readonly port?: number
  readonly name: ServerName
  readonly certificate?: CertificateFiles | undefined
  readonly words?: readonly string[]
  /** Asks for nothing: then no answer to a handshake is lost. */
  readonly silent?: true
}

/** One of these is answered by each server, and by that one alone. */
const requests = [
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /v1/service HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST /v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n',
  'Content-Length: 2\r\nConnection: close\r\n\r\n{}',
].join('')

export async function openssl(place: Place, hello: Hello): Promise<ToolEnd> {
  const { port = place.vault.serving.port, name, certificate, words = [], silent } = hello
  const named = name === 'none' ? ['-noservername'] : ['-servername', place.names[name]]
  return runTool(
    'openssl',
    [
      ...['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', place.authority],
      ...['-verify_return_error', '-ign_eof', ...named, ...wordsFor(certificate), ...words],
    ],
    silent ? '' : requests,
  )
}

function wordsFor(files: CertificateFiles | undefined): string[] {
  if (files === undefined) return []
  const chain = files.chain === undefined ? [] : ['-cert_chain', files.chain]
  return ['-cert', files.certificate, '-key', files.key, ...chain]
}

/** Which server answered, or why none did. */
function answering({ stdout, stderr }: ToolEnd): string {
  const statuses = [...stdout.matchAll(/^.*HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status)
  switch (statuses.join()) {
    case '404,404,400':
      return 'enrol'
    case '404,200,404':
      return 'api'
    case '200,404,404':
      return 'portal'
    case '':
      return stderr.includes('alert protocol version') ? 'protocol version' : 'refused'
    default:
      return `unexpected: ${statuses.join()}`
  }
}

/** The server that answers such a client, or why none does. */
export const asked = async (place: Place, hello: Hello): Promise<string> =>
  answering(await openssl(place, hello))

/** The first message of openssl, as it comes over the line. */
export async function helloOf(place: Place): Promise<Buffer> {
  const server = createServer()
  const port = await listen(server)
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = openssl(place, { port, name: 'enrol' })
  const [socket] = await accepted
  const [hello] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  await client
  return hello
}
