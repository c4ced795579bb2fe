import { readdir } from 'node:fs/promises'
import { request as httpRequest, Agent } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import pino from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { randomBytes } from 'node:crypto'
import { dayMs } from '../../../../src/base/clock.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { decodeCommit } from '../../../../src/model/commit.ts'
import { parseMachineId } from '../../../../src/model/ids.ts'
import { withSum } from '../../../../src/model/record-sum.ts'
import { encodeSlot } from '../../../../src/model/slot.ts'
import {
  eventsAnswerSchema,
  objectsAnswerSchema,
  pointsAnswerSchema,
  serviceAnswerSchema,
  sourcesAnswerSchema,
  storedPointSchema,
  type RunReport,
} from '../../../../src/protocol/messages.ts'
import { createApiApp } from '../../../../src/vault/api/app.ts'
import type { ApiContext } from '../../../../src/vault/api/context.ts'
import { addEvent } from '../../../../src/vault/catalog/events.ts'
import { trashKey } from '../../../../src/vault/objects/keys.ts'
import { listRuns } from '../../../../src/vault/catalog/runs.ts'
import { createVaultLog } from '../../../../src/vault/records/log.ts'
import {
  bytesOf,
  fingerprint,
  idOf,
  keyIn,
  openTestVault,
  preparePoint,
  put,
  register,
  space,
  startMs,
  type TestVault,
} from '../../../support/test-vault.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  json(): unknown
}

interface Sent {
  readonly body?: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
}

async function serveApi(more: Partial<ApiContext> = {}) {
  const vault = await openTestVault()
  await register(vault)
  const presented = { fingerprint: fingerprint as string | undefined }
  const context = {
    ...vault,
    authorities: () => ['PEM'],
    messages: pino({ level: 'silent' }),
    ...more,
  }
  const app = createApiApp(context, () => presented.fingerprint)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(async () => {
    agent.destroy()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  const send = (method: string, path: string, sent: Sent = {}): Promise<Answer> =>
    exchange({ method, path, port, agent }, sent)
  return { vault, presented, send, port, context }
}

interface Target {
  readonly method: string
  readonly path: string
  readonly port: number
  readonly agent: Agent
}

const exchange = (target: Target, { body, headers = {} }: Sent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = httpRequest(
      { ...target, host: '127.0.0.1', headers: { ...length, ...headers } },
      (response) => {
        response
          .toArray()
          .then((parts) => {
            const bytes = Buffer.concat(parts as Buffer[])
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: bytes,
              json: () => JSON.parse(bytes.toString()) as unknown,
            })
          })
          .catch(reject)
      },
    )
    request.on('error', reject)
    request.end(body)
  })

const errorOf = (answer: Answer) => {
  const { error } = answer.json() as { error: { code: string; message: string; facts?: unknown } }
  return { status: answer.status, ...error }
}

const objects = '/v1/repositories/0/objects'

describe('who is let in', () => {
  const certificate = (
    vault: TestVault,
    more: { fingerprint: string; access?: 'full' | 'read-only'; notAfter?: number },
  ) =>
    vault.log.append(() => ({
      kind: 'certificate-issued',
      machineId: space.machineId,
      access: 'full',
      notAfter: startMs + dayMs,
      requestId: '55'.repeat(16),
      certificate: 'PEM',
      renews: undefined,
      takesOver: undefined,
      ...more,
    }))

  test('a certificate that is unknown, revoked or expired is refused, on the connection that was good before', async () => {
    const { vault, presented, send } = await serveApi()
    expect((await send('GET', '/v1/service')).status).toBe(200)
    presented.fingerprint = 'bb'.repeat(32)
    expect(errorOf(await send('GET', '/v1/service'))).toMatchObject({
      status: 403,
      code: 'certificate-refused',
    })
    presented.fingerprint = undefined
    expect(errorOf(await send('GET', '/v1/service'))).toMatchObject({
      status: 403,
      code: 'certificate-refused',
    })
    presented.fingerprint = fingerprint
    vault.clock.add(366 * dayMs)
    expect(errorOf(await send('GET', '/v1/service'))).toMatchObject({
      status: 403,
      code: 'certificate-expired',
    })
    vault.clock.set(startMs)
    expect((await send('GET', '/v1/service')).status).toBe(200)
  })

  test('what another process wrote to the log holds from the next request on', async () => {
    const { vault, send } = await serveApi()
    const beside = await openTestVault({
      directory: vault.directory,
      signer: vault.signer,
      catalogName: 'beside.sqlite',
    })
    await createVaultLog(beside).append(() => ({ kind: 'certificate-revoked', fingerprint }))
    expect(errorOf(await send('GET', '/v1/service'))).toMatchObject({
      status: 403,
      code: 'certificate-refused',
    })
  })

  test('a recovery certificate reads and does not write, also after the machine was retired', async () => {
    const { vault, presented, send } = await serveApi()
    const id = await put(vault.store, 'tree')
    await certificate(vault, { fingerprint: 'cc'.repeat(32), access: 'read-only' })
    await vault.log.append(() => ({ kind: 'machine-retired', machineId: space.machineId }))
    expect(errorOf(await send('GET', `${objects}/${id}`))).toMatchObject({ status: 403 })
    presented.fingerprint = 'cc'.repeat(32)
    expect((await send('GET', `${objects}/${id}`)).status).toBe(200)
    for (const [method, path] of [
      ['PUT', `${objects}/data/${id}`],
      ['POST', '/v1/repositories/0/missing'],
      ['PUT', '/v1/sources/files/points/1'],
      ['PUT', `/v1/runs/${'0'.repeat(32)}`],
      ['PUT', '/v1/repositories/0/slots/0'],
      ['POST', '/v1/unregister'],
    ] as const) {
      expect(errorOf(await send(method, path, { body: '{}' })), path).toMatchObject({
        status: 403,
        code: 'read-only',
      })
    }
    await vault.log.append(() => ({ kind: 'machine-deleted', machineId: space.machineId }))
    expect((await send('GET', '/v1/service')).status).toBe(403)
  })

  test('a machine that unregisters is refused from then on, and its name is free', async () => {
    const { vault, send } = await serveApi()
    expect((await send('POST', '/v1/unregister')).status).toBe(204)
    expect(errorOf(await send('GET', '/v1/service'))).toMatchObject({ code: 'certificate-refused' })
    await vault.log.append(() => ({
      kind: 'machine-registered',
      machineId: parseMachineId('66'.repeat(16)),
      vaultId: space.vaultId,
      name: 'laptop',
      requestId: '77'.repeat(16),
      serial: 2,
    }))
  })

  test('objects of another machine are not there', async () => {
    const { vault, presented, send } = await serveApi()
    const id = await put(vault.store, 'tree')
    expect((await send('GET', `${objects}/${id}`)).status).toBe(200)
    const machineId = parseMachineId('66'.repeat(16))
    await vault.log.append(() => ({
      kind: 'machine-registered',
      machineId,
      vaultId: space.vaultId,
      name: 'other',
      requestId: '77'.repeat(16),
      serial: 2,
    }))
    await vault.log.append(() => ({
      kind: 'certificate-issued',
      fingerprint: 'dd'.repeat(32),
      machineId,
      access: 'full',
      notAfter: startMs + dayMs,
      requestId: '77'.repeat(16),
      certificate: 'PEM',
      renews: undefined,
      takesOver: undefined,
    }))
    presented.fingerprint = 'dd'.repeat(32)
    const own = await send('GET', `${objects}/${'0'.repeat(64)}`)
    const foreign = await send('GET', `${objects}/${id}`)
    expect(errorOf(foreign)).toEqual(errorOf(own))
    expect(foreign.status).toBe(404)
    expect(
      (
        await send('POST', '/v1/repositories/0/missing', { body: JSON.stringify({ ids: [id] }) })
      ).json(),
    ).toEqual({ missing: [id] })
  })

  test('the service tells who is who', async () => {
    const { send } = await serveApi()
    expect(serviceAnswerSchema.parse((await send('GET', '/v1/service')).json())).toEqual({
      ...space,
      vaultName: 'home',
      machineName: 'laptop',
      clonedAt: null,
      access: 'full',
      serverTime: startMs,
      authorities: ['PEM'],
    })
  })
})

describe('objects', () => {
  test('are stored once, and read whole, in ranges, and by head', async () => {
    const { send } = await serveApi()
    const bytes = bytesOf('data', 300_000)
    const id = idOf(bytes)
    expect((await send('PUT', `${objects}/data/${id}`, { body: bytes })).status).toBe(201)
    expect((await send('PUT', `${objects}/data/${id}`, { body: bytes })).status).toBe(200)
    const whole = await send('GET', `${objects}/${id}`)
    expect(whole).toMatchObject({
      status: 200,
      headers: {
        'content-length': '300000',
        'x-backup-kind': 'data',
        'content-type': 'application/octet-stream',
      },
    })
    expect(whole.body.equals(bytes)).toBe(true)
    const range = await send('GET', `${objects}/${id}`, { headers: { range: 'bytes=1000-280000' } })
    expect(range).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 1000-280000/300000', 'content-length': '279001' },
    })
    expect(range.body.equals(bytes.subarray(1_000, 280_001))).toBe(true)
    const tail = await send('GET', `${objects}/${id}`, {
      headers: { range: 'bytes=299999-400000' },
    })
    expect(tail.body.equals(bytes.subarray(299_999))).toBe(true)
    expect(tail.headers['content-range']).toBe('bytes 299999-299999/300000')
    const head = await send('HEAD', `${objects}/${id}`)
    expect(head).toMatchObject({
      status: 200,
      headers: { 'content-length': '300000', 'x-backup-kind': 'data' },
    })
    expect(head.body).toHaveLength(0)
  })

  test.each([
    'bytes=5-2',
    'bytes=-5',
    'bytes=5-',
    'bytes=0-1,3-4',
    'bytes=2000-2001',
    'bytes=99999999999999999999-1',
    'items=0-1',
    '',
  ])('the range %j is refused', async (range) => {
    const { vault, send } = await serveApi()
    const id = await put(vault.store, 'data')
    expect(errorOf(await send('GET', `${objects}/${id}`, { headers: { range } }))).toMatchObject({
      status: 400,
      code: 'usage',
    })
  })

  test('bytes that are not what was announced are refused, and nothing is kept', async () => {
    const { vault, send } = await serveApi()
    const bytes = bytesOf('data')
    const put = (kind: string, body: Uint8Array, id = idOf(body)) =>
      send('PUT', `${objects}/${kind}/${id}`, { body })
    expect(errorOf(await put('data', bytesOf('data'), idOf(bytes)))).toMatchObject({
      status: 422,
      code: 'hash-mismatch',
    })
    for (const [kind, body] of [
      ['data', bytesOf('tree')],
      ['tree', bytesOf('data')],
      ['index', bytesOf('manifest')],
      ['manifest', bytesOf('index')],
      ['data', randomBytes(2_000)],
      ['manifest', Buffer.from('BKUP')],
      ['index', Buffer.alloc(0)],
    ] as const) {
      expect(errorOf(await put(kind, body)), kind).toMatchObject({ status: 400, code: 'malformed' })
    }
    for await (const { key } of vault.store.list('vaults/')) throw new Error(`${key} was kept`)
    expect((await put('data', bytes)).status).toBe(201)
  })

  test('a body that is too long, of unknown length, or compressed is refused without being read', async () => {
    const { send } = await serveApi()
    const id = '0'.repeat(64)
    const long = Buffer.alloc(70_000)
    expect(errorOf(await send('PUT', `${objects}/refs/${id}`, { body: long }))).toMatchObject({
      status: 413,
      code: 'too-large',
    })
    const claimed = { 'content-length': String(33 * 1024 * 1024) }
    expect(errorOf(await send('PUT', `${objects}/data/${id}`, { headers: claimed }))).toMatchObject(
      { status: 413 },
    )
    expect(
      errorOf(
        await send('PUT', `${objects}/data/${id}`, { headers: { 'transfer-encoding': 'chunked' } }),
      ),
    ).toMatchObject({ status: 411, code: 'length-required' })
    expect(
      errorOf(
        await send('PUT', `${objects}/data/${id}`, {
          body: long,
          headers: { 'content-encoding': 'gzip' },
        }),
      ),
    ).toMatchObject({ status: 415, code: 'unsupported-encoding' })
    expect((await send('GET', '/v1/service')).status).toBe(200)
  })

  test('a full disk is told as such, and the connection stays good', async () => {
    const { vault } = await serveApi()
    const full = {
      ...vault.store,
      create: async (_key: string, source: Uint8Array | AsyncIterable<Uint8Array>) => {
        for await (const part of source as AsyncIterable<Uint8Array>) {
          throw new BackupError('vault-full', `no room for ${part.length} bytes`)
        }
        return 'created' as const
      },
    }
    const { send } = await serveApi({ store: full })
    const bytes = bytesOf('data', 3_000_000)
    expect(
      errorOf(await send('PUT', `${objects}/data/${idOf(bytes)}`, { body: bytes })),
    ).toMatchObject({ status: 507, code: 'vault-full' })
    expect((await send('GET', '/v1/service')).status).toBe(200)
  })

  test('what goes wrong inside is not told', async () => {
    const { vault } = await serveApi()
    const broken = { ...vault.store, create: () => Promise.reject(new Error('secret path')) }
    const { send } = await serveApi({ store: broken })
    const bytes = bytesOf('data')
    const answer = await send('PUT', `${objects}/data/${idOf(bytes)}`, { body: bytes })
    expect(errorOf(answer)).toMatchObject({ status: 500, code: 'internal' })
    expect(answer.body.toString()).not.toContain('secret')
  })

  test('a connection that breaks off within a body, or hardly sends, leaves nothing', async () => {
    const { vault, port, context } = await serveApi()
    const app = createApiApp(
      { ...context, pace: { spanMs: 50, leastBytes: 1_000 } },
      () => fingerprint,
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    const slow = (app.server.address() as AddressInfo).port
    const head = `PUT ${objects}/data/${'0'.repeat(64)} HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n`
    const start = bytesOf('data', 500)
    const broken = connect(port, '127.0.0.1')
    broken.write(head)
    broken.write(start, () => broken.destroy())
    const hardly = connect(slow, '127.0.0.1')
    hardly.on('error', () => undefined)
    hardly.write(head)
    hardly.write(start)
    await new Promise((resolve) => hardly.on('close', resolve))
    await expect.poll(() => readdir(`${vault.directory}/tmp`)).toEqual([])
    for await (const { key } of vault.store.list('vaults/')) throw new Error(`${key} was kept`)
  })

  test('are listed in pages by id, of one kind if asked, without damaged ones and trash', async () => {
    const { vault, send } = await serveApi()
    const bytes = [
      bytesOf('data'),
      bytesOf('data'),
      bytesOf('tree'),
      bytesOf('data'),
      bytesOf('index'),
    ]
    const kinds = ['data', 'data', 'tree', 'data', 'index'] as const
    for (const [at, body] of bytes.entries())
      await send('PUT', `${objects}/${kinds[at] ?? 'data'}/${idOf(body)}`, { body })
    const [damaged] = bytes
    await vault.catalog
      .updateTable('objects')
      .set({ state: 'damaged' })
      .where('id', '=', idOf(damaged ?? Buffer.alloc(0)))
      .execute()
    const expected = bytes.slice(1).map(idOf).sort()
    const list = async (query: string) =>
      objectsAnswerSchema.parse((await send('GET', `${objects}?${query}`)).json())
    expect((await list('')).objects.map(({ id }) => id)).toEqual(expected)
    expect((await list('kind=tree')).objects.map(({ id }) => id)).toEqual([
      idOf(bytes[2] ?? Buffer.alloc(0)),
    ])
    const first = await list('limit=3')
    expect(first).toMatchObject({ next: expected[2] })
    const second = await list(`limit=3&after=${first.next ?? ''}`)
    expect(second).toMatchObject({
      objects: [{ id: expected[3], sizeBytes: 2_000, receivedAt: startMs }],
      next: null,
    })
    for (const query of [
      'limit=0',
      'limit=10001',
      'limit=x',
      'after=zz',
      'kind=foo',
      'unknown=1',
      'limit=1&limit=2',
    ]) {
      expect((await send('GET', `${objects}?${query}`)).status, query).toBe(400)
    }
  })

  test('in the trash are read from there, and brought back by being asked for', async () => {
    const { vault, send } = await serveApi()
    const body = bytesOf('data')
    const id = idOf(body)
    await send('PUT', `${objects}/data/${id}`, { body })
    vault.clock.add(31 * dayMs)
    const nowMs = vault.clock.now()
    const trashed = {
      machineId: space.machineId,
      repository: 0,
      objectKind: 'data',
      ids: [id],
    } as const
    const times = { purgeAt: nowMs + 14 * dayMs, before: nowMs }
    const record = await vault.log.append(() => ({ kind: 'objects-trashed', ...trashed, ...times }))
    await vault.store.move(keyIn('data', id), trashKey(record?.number ?? 0, keyIn('data', id)))
    const read = await send('GET', `${objects}/${id}`)
    expect([read.status, read.body.equals(body)]).toEqual([200, true])
    expect(objectsAnswerSchema.parse((await send('GET', objects)).json()).objects).toEqual([])
    const asked = { body: JSON.stringify({ ids: [id] }) }
    expect((await send('POST', '/v1/repositories/0/missing', asked)).json()).toEqual({
      missing: [],
    })
    expect(await vault.store.stat(keyIn('data', id))).toBeDefined()
    expect(objectsAnswerSchema.parse((await send('GET', objects)).json()).objects).toMatchObject([
      { id },
    ])
  })

  test('that are missing are told by the rule of the commit; the others are kept from now on', async () => {
    const { vault, send } = await serveApi()
    const id = await put(vault.store, 'data')
    const absent = '0'.repeat(64)
    vault.clock.add(20 * dayMs)
    const answer = await send('POST', '/v1/repositories/0/missing', {
      body: JSON.stringify({ ids: [id, absent] }),
    })
    expect(answer.json()).toEqual({ missing: [absent] })
    const row = await vault.catalog.selectFrom('objects').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({ id, kind: 'data', askedAt: startMs + 20 * dayMs, state: 'staged' })
    const wrong = [
      '{',
      '[]',
      '{"ids":[],"x":1}',
      '{"ids":["zz"]}',
      '{"ids":1}',
      '{"__proto__":{},"ids":[]}',
      '\xff',
      '',
    ]
    for (const body of wrong) {
      expect(
        (await send('POST', '/v1/repositories/0/missing', { body: Buffer.from(body, 'latin1') }))
          .status,
        body,
      ).toBe(400)
    }
  })
})

describe('configs and slots', () => {
  const config = (text: string) => {
    const bytes = Buffer.alloc(600, text)
    bytes.write('BKUPSEAL')
    bytes.set([1, 1, 1, 0], 8)
    return Buffer.from(withSum(bytes))
  }
  const slot = (more: Partial<Parameters<typeof encodeSlot>[0]> = {}) =>
    encodeSlot({
      argon2: { memoryKiB: 262_144, passes: 3, lanes: 1 },
      salt: new Uint8Array(32),
      ...space,
      repository: 0,
      repositoryId: new Uint8Array(32),
      slot: 0,
      authPublicKey: new Uint8Array(32),
      createdMs: startMs,
      sealedMasterKey: new Uint8Array(48),
      commitment: new Uint8Array(32),
      ...more,
    })
  const base = '/v1/repositories/0'

  test('configs are numbered and never overwritten, and later ones need a PIN', async () => {
    const { send } = await serveApi()
    const put = async (number: number, body: Uint8Array) =>
      (await send('PUT', `${base}/configs/${number}`, { body })).status
    expect(await put(1, config('a'))).toBe(400)
    expect(await put(0, Buffer.alloc(700))).toBe(400)
    expect(await put(0, config('c').fill(1, 50, 51))).toBe(422)
    expect(await put(0, config('a'))).toBe(201)
    expect(await put(0, config('a'))).toBe(200)
    expect(await put(0, config('b'))).toBe(409)
    const later = await send('PUT', `${base}/configs/1`, { body: config('b') })
    expect(later.json()).toMatchObject({ error: { code: 'pin-required' } })
    expect((await send('GET', `${base}/configs`)).json()).toEqual({ numbers: [0] })
    expect((await send('GET', `${base}/configs/0`)).body.equals(config('a'))).toBe(true)
    expect((await send('GET', `${base}/configs/1`)).status).toBe(404)
    expect((await send('GET', '/v1/repositories')).json()).toEqual({ numbers: [0] })
    expect((await send('PUT', '/v1/repositories/2/configs/0', { body: config('x') })).status).toBe(
      400,
    )
    // Nobody but the operator lets a machine begin another repository: nobody could open it.
    expect((await send('PUT', '/v1/repositories/1/configs/0', { body: config('x') })).status).toBe(
      403,
    )
    expect((await send('GET', '/v1/repositories')).json()).toEqual({ numbers: [0] })
  })

  test('the first slot is taken as it says it is, another one needs a PIN', async () => {
    const { send } = await serveApi()
    const put = (number: number, body: Uint8Array) =>
      send('PUT', `${base}/slots/${number}`, { body })
    expect((await put(0, slot({ machineId: parseMachineId('66'.repeat(16)) }))).status).toBe(400)
    expect((await put(0, slot({ repository: 1 }))).status).toBe(400)
    expect((await put(0, new Uint8Array(5_000))).status).toBe(413)
    expect((await put(0, slot())).status).toBe(201)
    expect((await put(0, slot())).status).toBe(200)
    expect((await put(0, slot({ createdMs: startMs + 1 }))).status).toBe(409)
    expect(errorOf(await put(1, slot({ slot: 1 })))).toMatchObject({
      status: 403,
      code: 'pin-required',
    })
    expect((await send('GET', `${base}/slots/0`)).body.equals(slot())).toBe(true)
  })
})

describe('points', () => {
  test('are committed, answered again as stored, and listed with the heads', async () => {
    const { vault, send } = await serveApi()
    const point = await preparePoint(vault.store)
    const commit = (bytes: Uint8Array, seq = 1) =>
      send('PUT', `/v1/sources/files/points/${seq}`, { body: bytes })
    const made = await commit(point.bytes)
    expect(made.status).toBe(201)
    const stored = storedPointSchema.parse(made.json())
    expect(Buffer.from(stored.commit, 'base64url').equals(point.bytes)).toBe(true)
    const again = await commit(point.bytes)
    expect([again.status, again.json()]).toEqual([200, made.json()])
    const { hash } = decodeCommit(point.bytes)
    expect(sourcesAnswerSchema.parse((await send('GET', '/v1/sources')).json())).toEqual({
      sources: [{ source: 'files', headSeq: 1, headHash: hash }],
    })
    const list = async (query = '') =>
      pointsAnswerSchema.parse((await send('GET', `/v1/points${query}`)).json())
    expect(await list()).toEqual({ points: [stored], next: null })
    expect(await list('?source=other')).toEqual({ points: [], next: null })
    expect(await list('?afterSource=files&afterSeq=1')).toEqual({ points: [], next: null })
    expect(await list('?afterSource=files&afterSeq=0')).toEqual({ points: [stored], next: null })
    expect((await send('GET', '/v1/points?afterSeq=0')).status).toBe(400)
    expect(errorOf(await commit(point.bytes, 2))).toMatchObject({
      status: 409,
      code: 'commit-refused',
    })
  })

  test('a refused commit tells what is missing', async () => {
    const { vault, send } = await serveApi()
    const point = await preparePoint(vault.store)
    const [id] = point.ids
    if (id === undefined) throw new Error('no id')
    await vault.store.remove(keyIn('data', id))
    const answer = await send('PUT', '/v1/sources/files/points/1', { body: point.bytes })
    expect(errorOf(answer)).toMatchObject({
      status: 409,
      code: 'commit-missing',
      facts: { missing: [id], more: false },
    })
  })
})

describe('runs and events', () => {
  const report: RunReport = {
    kind: 'backup',
    source: null,
    startedAt: 1,
    endedAt: null,
    outcome: 'running',
    errorCode: null,
    pointId: null,
    files: 1,
    bytesRead: 2,
    bytesSent: 3,
    bytesStored: 4,
    leftOut: 0,
    agentVersion: '0.1.0',
  }

  test('a run is told and told anew', async () => {
    const { vault, send } = await serveApi()
    const put = (body: unknown) =>
      send('PUT', `/v1/runs/${'ab'.repeat(16)}`, { body: JSON.stringify(body) })
    expect((await put(report)).json()).toEqual({ clonedAt: null })
    expect((await put({ ...report, outcome: 'done', endedAt: 5 })).status).toBe(200)
    expect((await put({ ...report, path: '/home' })).status).toBe(400)
    const runs = await listRuns(vault.catalog, 10)
    expect(runs.map(({ report: text }) => JSON.parse(text) as unknown)).toEqual([
      { ...report, outcome: 'done', endedAt: 5 },
    ])
  })

  test('events follow a cursor of their feed; another feed means the full list', async () => {
    const { vault, send } = await serveApi()
    const events = async (query: string) =>
      eventsAnswerSchema.parse((await send('GET', `/v1/events${query}`)).json())
    const start = await events('')
    expect(start).toMatchObject({ cursor: 0, events: [] })
    const event = { kind: 'damaged', repository: 0, id: idOf(Buffer.from('x')) } as const
    await addEvent(vault.catalog, { ...event, machineId: space.machineId })
    await addEvent(vault.catalog, { ...event, machineId: parseMachineId('66'.repeat(16)) })
    expect(await events(`?feed=${start.feed}&after=0`)).toEqual({
      feed: start.feed,
      cursor: 1,
      events: [event],
    })
    expect(await events(`?feed=${start.feed}&after=1`)).toEqual({
      feed: start.feed,
      cursor: 1,
      events: [],
    })
    expect(await events(`?feed=${'0'.repeat(32)}&after=1`)).toEqual({
      feed: start.feed,
      cursor: 2,
      events: [],
    })
  })
})

test.each([
  ['GET', '/'],
  ['GET', '/v1'],
  ['DELETE', `${objects}/${'0'.repeat(64)}`],
  ['PUT', `${objects}/${'0'.repeat(64)}`],
  ['PATCH', '/v1/service'],
  ['POST', '/v1/service'],
  ['GET', `${objects}/${'0'.repeat(63)}`],
  ['GET', `${objects}/${'A'.repeat(64)}`],
  ['GET', `${objects}/data/${'0'.repeat(64)}`],
  ['PUT', `${objects}/config/${'0'.repeat(64)}`],
  ['PUT', `${objects}/__proto__/${'0'.repeat(64)}`],
  ['GET', '/v1/repositories/00/configs'],
  ['GET', '/v1/repositories/-1/configs'],
  ['GET', '/v1/repositories/10000/configs'],
  ['GET', '/v1/repositories/%2e%2e/configs'],
  ['GET', '/v1/repositories/0/configs/1e3'],
  ['PUT', '/v1/sources/..%2f..%2fx/points/1'],
  ['PUT', '/v1/sources/Files/points/1'],
  ['PUT', '/v1/sources/files/points/9007199254740993'],
  ['PUT', '/v1/runs/xyz'],
  ['GET', '/v1/enrol'],
])('%s %s is not there', async (method, path) => {
  const { send } = await serveApi()
  const body = method === 'PUT' || method === 'POST' ? { body: '{}' } : {}
  expect(errorOf(await send(method, path, body))).toMatchObject({ status: 404, code: 'not-found' })
})
