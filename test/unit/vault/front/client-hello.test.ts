import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readClientHello } from '../../../../src/vault/front/client-hello.ts'

/** The hello that Node's TLS sends. */
async function captureHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({
    port,
    host: '127.0.0.1',
    ...(servername === undefined ? {} : { servername }),
  })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  server.close()
  return bytes
}

/** The same handshake, cut into records of that size. */
function reframe(hello: Buffer, recordBytes: number): Buffer {
  const handshake = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < handshake.length; at += recordBytes) {
    const part = handshake.subarray(at, at + recordBytes)
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
  }
  return Buffer.concat(records)
}

describe('readClientHello', () => {
  it('finds the name, in lower case, and none where there is none', async () => {
    expect(readClientHello(await captureHello('Vault.Example'))).toEqual({
      kind: 'hello',
      serverName: 'vault.example',
    })
    expect(readClientHello(await captureHello(undefined))).toEqual({
      kind: 'hello',
      serverName: undefined,
    })
  })

  it('waits for the rest, wherever it is cut, and however many records it has', async () => {
    const hello = await captureHello('vault.example')
    for (const size of [1, 7, 100, 16_000]) {
      const framed = reframe(hello, size)
      for (let end = 0; end < framed.length; end += size === 1 ? 17 : 1) {
        expect(readClientHello(framed.subarray(0, end))).toEqual({ kind: 'incomplete' })
      }
      expect(readClientHello(framed)).toMatchObject({ serverName: 'vault.example' })
    }
  })

  it.each([
    'GET / HTTP/1.1\r\n',
    '\x16\x02\x00\x00\x10',
    '\x17\x03\x03\x00\x10',
    '\x16\x03\x01\x00\x00',
  ])('tells %j from TLS', (text) => {
    expect(readClientHello(Buffer.from(text, 'latin1'))).toEqual({ kind: 'not-tls' })
  })

  it('refuses a hello that says it is longer than 16 KiB', () => {
    const bytes = Buffer.from([22, 3, 1, 0, 4, 1, 0, 64, 1])
    expect(readClientHello(bytes)).toEqual({ kind: 'not-tls' })
  })

  it('stays within its bytes, whatever they are', async () => {
    const hello = await captureHello('vault.example')
    const damage = fc.tuple(fc.nat(hello.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(hello)
        for (const [at, value] of changes) bytes[at] = value
        expect(['incomplete', 'hello', 'not-tls']).toContain(readClientHello(bytes).kind)
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['incomplete', 'hello', 'not-tls']).toContain(readClientHello(bytes).kind)
      }),
    )
  })
})
