/** PUT of a pack over TLS 1.3 with both certificates, client and server in this thread: what both of them cost. */

import { createServer } from 'node:https'
import { once } from 'node:events'
import { Agent } from 'undici'
import { systemRandom } from '../../dist/base/bytes.js'
import { makeAuthority, makeServerCertificate } from '../../dist/vault/authority/certificates.js'

const packBytes = 16 * 1024 * 1024

export async function putOverTls() {
  const moment = { nowMs: Date.now(), random: systemRandom }
  const authority = await makeAuthority({ serviceId: 'bench', number: 1 }, moment)
  const { certificate: cert, privateKey: key } = await makeServerCertificate(
    ['localhost'],
    authority,
    moment,
  )
  const tls = { cert, key, ca: authority.certificate, minVersion: 'TLSv1.3' }
  const server = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      request.resume()
      request.on('end', () => response.end())
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ connect: tls })
  const origin = `https://localhost:${server.address().port}`
  const body = systemRandom(packBytes)
  return {
    work: async () => {
      const answer = await agent.request({ origin, path: '/', method: 'PUT', body })
      await answer.body.dump()
      return packBytes
    },
    close: async () => {
      await agent.destroy()
      server.close()
    },
  }
}
