/** The one port of a served vault, as openssl, curl and strangers find it (docs/protocol.md, "Connection"). */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import {
  bareMachine,
  registerMachine,
  type CommandMachine,
  type CommandVault,
} from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { answerTo, drip, say, startByteByByte } from '../support/slow-sockets.ts'
import {
  expiredCertificate,
  factsOf,
  foreignCertificate,
  ownCertificate,
  selfMadeCertificate,
  type CertificateFiles,
} from '../support/tls-machine.ts'
import {
  asked,
  helloOf,
  openssl,
  startPlace,
  type Place,
  type ServerName,
} from '../support/tls-place.ts'
import { runTool } from '../support/tool.ts'

describe('openssl s_client', () => {
  const everyName = ['enrol', 'api', 'other', 'none'] as const

  it('finds behind each name, version and certificate the server that is meant, or none', async () => {
    const place = await startPlace()
    const { vault, machine } = place
    const certificates = {
      none: undefined,
      own: ownCertificate(machine),
      foreign: await foreignCertificate(vault, machine),
      expired: await expiredCertificate(vault, machine),
      selfMade: await selfMadeCertificate(vault, machine),
    }
    const row = async (name: ServerName, version: string) => {
      const cells: Record<string, string> = {}
      for (const [kind, certificate] of Object.entries(certificates)) {
        cells[kind] = await asked(place, { name, certificate, words: [version] })
      }
      return cells
    }
    const all = (answer: string) =>
      Object.fromEntries(Object.keys(certificates).map((kind) => [kind, answer]))

    expect(await row('enrol', '-tls1_3')).toEqual(all('enrol'))
    expect(await row('enrol', '-tls1_2')).toEqual(all('protocol version'))
    expect(await row('api', '-tls1_3')).toEqual({
      ...all('refused'),
      own: 'api',
    })
    expect(await row('api', '-tls1_2')).toEqual(all('protocol version'))
    for (const name of ['other', 'none'] as const) {
      for (const version of ['-tls1_3', '-tls1_2']) {
        expect(await row(name, version)).toEqual(all('portal'))
      }
      expect(await row(name, '-tls1_1')).toEqual(all('protocol version'))
    }
  })

  it('sees a certificate of the vault’s authority for the name behind each name', async () => {
    const place = await startPlace()
    for (const name of everyName) {
      const { stdout } = await openssl(place, { name })
      expect(stdout).toMatch(/Verify return code: 0 \(ok\)/)
    }
    const words = ['-verify_hostname', place.names.other]
    const { stderr } = await openssl(place, { name: 'other', words })
    expect(stderr).toMatch(/hostname mismatch/i)
  })

  it('is told by the api that it wants a certificate', async () => {
    const { stderr } = await openssl(await startPlace(), { name: 'api', silent: true })
    expect(stderr).toMatch(/alert certificate required/)
  })

  it('reads names in any case', async () => {
    const place = await startPlace()
    const names = { ...place.names, enrol: place.names.enrol.toUpperCase() }
    expect(await asked({ ...place, names }, { name: 'enrol' })).toBe('enrol')
  })

  it('takes no session of the api, nor one of another server, to the api', async () => {
    const place = await startPlace()
    const certificate = ownCertificate(place.machine)
    const keep = (file: string) => ['-sess_out', join(place.vault.scratch, file)]
    const use = (file: string) => ['-sess_in', join(place.vault.scratch, file)]
    await openssl(place, { name: 'api', certificate, words: keep('api') })
    await openssl(place, { name: 'none', words: keep('portal') })
    for (const file of ['api', 'portal']) {
      const again = await openssl(place, { name: 'api', certificate, words: use(file) })
      expect(again.stdout).toMatch(/^New, TLSv1\.3/m)
      expect(await asked(place, { name: 'api', words: use(file) })).toBe('refused')
    }
    const reused = await openssl(place, { name: 'none', words: use('portal') })
    expect(reused.stdout).toMatch(/^Reused, TLSv1\.3/m)
  })

  it('may cut its hello into single bytes, or over many records', async () => {
    const place = await startPlace()
    const certificate = ownCertificate(place.machine)
    const port = await startByteByByte(place.vault.serving.port)
    expect(await asked(place, { port, name: 'api', certificate })).toBe('api')
    expect(await asked(place, { port, name: 'enrol' })).toBe('enrol')
    const words = ['-alpn', protocols(12_000), '-max_send_frag', '512']
    expect(await asked(place, { name: 'api', certificate, words })).toBe('api')
  })

  it('is closed on where its hello has more than 16 KiB', async () => {
    const place = await startPlace()
    const certificate = ownCertificate(place.machine)
    const hello = (bytes: number) =>
      asked(place, { name: 'api', certificate, words: ['-alpn', protocols(bytes)] })
    expect(await hello(15_000)).toBe('api')
    expect(await hello(17_000)).toBe('refused')
  })
})

/** For -alpn: what makes a hello that long, give or take a few hundred bytes. */
const protocols = (bytes: number): string =>
  ['http/1.1', ...Array.from({ length: bytes / 250 }, () => 'x'.repeat(249))].join()

describe('curl', () => {
  const format = ['--write-out', '\n%{http_code}', '--silent', '--show-error', '--max-time', '30']

  async function curl(place: Place, url: string, ...words: string[]) {
    const { port } = place.vault.serving
    const to = ['--connect-to', `::127.0.0.1:${port}`, '--cacert', place.authority]
    const { code, stdout, stderr } = await runTool('curl', [...format, ...to, ...words, url])
    const end = stdout.lastIndexOf('\n')
    return { code, stderr, body: stdout.slice(0, end), status: Number(stdout.slice(end + 1)) }
  }

  const as = (files: CertificateFiles) => ['--cert', files.certificate, '--key', files.key]

  it('reaches the server that it names, and the api with a certificate alone', async () => {
    const place = await startPlace()
    const { names, machine, vault } = place
    const service = `https://${names.api}/v1/service`
    expect(await curl(place, service, ...as(ownCertificate(machine)))).toMatchObject({
      status: 200,
      body: expect.stringContaining(factsOf(machine).machineId) as string,
    })
    expect(await curl(place, service)).toMatchObject({ status: 0, body: '' })
    const foreign = await foreignCertificate(vault, machine)
    expect(await curl(place, service, ...as(foreign))).toMatchObject({ status: 0, body: '' })
    const old = await curl(place, service, ...as(ownCertificate(machine)), '--tls-max', '1.2')
    expect(old).toMatchObject({ code: 35, status: 0 })

    const enrol = `https://${names.enrol}/v1/enrol`
    const posted = ['--json', '{}']
    expect(await curl(place, enrol, ...posted)).toMatchObject({
      status: 400,
      body: expect.stringContaining('malformed') as string,
    })
    expect(await curl(place, `https://${names.enrol}/v1/service`)).toMatchObject({ status: 404 })

    expect(await curl(place, 'https://localhost/')).toMatchObject({
      status: 200,
      body: expect.stringContaining('backup vault') as string,
    })
    expect(await curl(place, `https://${names.other}/`)).toMatchObject({ code: 60, status: 0 })
  })

  it('reaches nothing of the api by a Host that its connection does not have', async () => {
    const place = await startPlace()
    const host = ['--header', `Host: ${place.names.api}`]
    for (const name of ['enrol', 'other'] as const) {
      const url = `https://${place.names[name]}/v1/service`
      const own = as(ownCertificate(place.machine))
      const answer = await curl(place, url, '--insecure', ...host, ...own)
      expect(answer.status).toBe(404)
    }
  })

  it('is told that the port speaks HTTPS only', async () => {
    const place = await startPlace()
    const answer = await curl(place, `http://127.0.0.1:${place.vault.serving.port}/`)
    expect(answer).toMatchObject({
      status: 400,
      body: expect.stringContaining('HTTPS only') as string,
    })
  })

  it('gets nothing of a machine with the certificate of another vault’s machine', async () => {
    const place = await startPlace()
    const { vault, machine, names } = place
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), pseudoRandomBytes('file', 50_000))
    await machine.backup('policy', 'include', folder)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const stranger = await machineOfAnotherVault(vault)
    const own = as(ownCertificate(machine))
    const others = as(ownCertificate(stranger))
    const get = (path: string, certificate: string[]) =>
      curl(place, `https://${names.api}${path}`, ...certificate)

    const objects = JSON.parse((await get('/v1/repositories/0/objects', own)).body) as {
      objects: { id: string; sizeBytes: number }[]
    }
    expect(objects.objects.length).toBeGreaterThan(3)
    for (const { id } of objects.objects) {
      const path = `/v1/repositories/0/objects/${id}`
      expect((await get(path, own)).status).toBe(200)
      expect((await get(path, others)).status).toBe(404)
    }
    expect((await get('/v1/points', own)).body).toContain('"seq":1')
    expect(JSON.parse((await get('/v1/points', others)).body)).toMatchObject({ points: [] })
    expect(JSON.parse((await get('/v1/service', others)).body)).toMatchObject({
      vaultName: 'other',
      machineId: factsOf(stranger).machineId,
    })
  })
})

async function machineOfAnotherVault(vault: CommandVault): Promise<CommandMachine> {
  const file = join(vault.scratch, 'other-credential')
  await vault.vault('vault', 'create', 'other')
  await vault.vault('credentials', 'other', '--out', file)
  const machine = bareMachine(vault.scratch, 'stranger')
  expect(await registerMachine(machine, file, '--name', 'laptop')).toMatchObject({ code: 0 })
  return machine
}

describe('what is no TLS', () => {
  it('is closed on, however much of it comes, and others are served', async () => {
    const place = await startPlace()
    const { port } = place.vault.serving
    const openings = [
      'SSH-2.0-OpenSSH_9.2\r\n',
      '\x80\x2e\x01\x00\x02', // SSL 2
      '\x16\x02\x00\x00\x10', // a version that never was
      '\x16\x03\x01\x00\x00', // an empty record
      '\x16\x03\x01\xff\xff', // a record beyond its bound
      '\x16\x03\x01\x00\x04\x02\x00\x00\x00', // a hello of a server
      '\x16\x03\x01\x00\x04\x01\xff\xff\xff', // a hello beyond its bound
      '\x16\x03\x01\x00\x04\x01\x00\x00\x00', // a hello of nothing
      '\x15\x03\x01\x00\x02\x02\x28', // an alert
      '\x17\x03\x03\x00\x01x', // data
    ].map((opening) => Buffer.from(opening, 'latin1'))
    for (let seed = 0; seed < 100; seed += 1) {
      openings.push(Buffer.from(pseudoRandomBytes(`noise ${seed}`, 1 + seed * 50)))
    }
    for (const opening of openings) expect(await answerTo(port, opening)).toBe('')
    expect(await asked(place, { name: 'none' })).toBe('portal')
  })
})

describe('a slow client', () => {
  it('is closed on, whatever it is slow with, and others are served the while', async () => {
    const place = await startPlace()
    const { port } = place.vault.serving
    const hello = await helloOf(place)
    const trusting = { ca: readFileSync(place.authority), servername: place.names.enrol }
    const slow = [
      say(connect(port, '127.0.0.1'), ''),
      drip(connect(port, '127.0.0.1'), hello.subarray(0, 50)),
      say(connect(port, '127.0.0.1'), hello),
      say(connectTls({ port, host: '127.0.0.1', ...trusting }), 'GET / HTTP/1.1\r\nHost:'),
    ]
    expect(await asked(place, { name: 'none' })).toBe('portal')
    await Promise.all(slow)
  })
})
