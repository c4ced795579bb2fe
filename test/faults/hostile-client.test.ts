/**
 * A machine that was taken over: its certificate is good, and it tries every route in any order, with forged times, numbers,
 * refs, policies and PINs, and floods of points, while months go by. What was locked before restores on each day of its lock,
 * and no request makes the vault fail.
 */

import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { encodeCommit, decodeCommit, type Commit } from '../../src/model/commit.ts'
import { noRecord, type ObjectId } from '../../src/model/ids.ts'
import { encodeRefsItems, encodeRefsObject } from '../../src/model/refs-object.ts'
import { defaultRetention } from '../../src/policy/retention.ts'
import { createApiApp } from '../../src/vault/api/app.ts'
import { lastPoint, type PointRow } from '../../src/vault/catalog/points.ts'
import { collect } from '../../src/vault/collection/collect.ts'
import { readWhole } from '../../src/vault/objects/object-store.ts'
import { keyInTrash } from '../../src/vault/objects/trash.ts'
import { namedObjects } from '../../src/vault/points/named-objects.ts'
import { commitNext, current, passDays } from '../support/committed-points.ts'
import {
  bytesOf,
  files,
  fingerprint,
  idOf,
  keyIn,
  openTestVault,
  register,
  space,
  type TestVault,
} from '../support/test-vault.ts'

interface Attack {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'
  readonly url: string
  readonly body?: Uint8Array | object
  readonly headers?: Readonly<Record<string, string>>
}

/** Small integers that look random and are the same each time. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

interface Aims {
  readonly points: readonly PointRow[]
  readonly ids: readonly ObjectId[]
  readonly head: () => Promise<PointRow | undefined>
}

const objects = '/v1/repositories/0/objects'

/** Refs that lie: not in order, twice the same, of nobody, outside their prefix, more or fewer than is said. */
function lyingRefs(ids: readonly ObjectId[]): readonly Uint8Array[] {
  const joined = (some: readonly ObjectId[]) => Buffer.from(some.join(''), 'hex')
  const whole = { bits: 0, prefix: new Uint8Array(32) }
  const [first = noId] = ids
  const one = { bits: 1, prefix: new Uint8Array(32).fill(0x80, 0, 1) }
  const zero = { bits: 8, prefix: new Uint8Array(32) }
  const item = (count: number, id: ObjectId) => encodeRefsItems([{ ...whole, id, count }])
  return [
    encodeRefsObject(0, whole, joined([...ids].reverse())),
    encodeRefsObject(0, whole, joined([first, first])),
    encodeRefsObject(0, whole, joined([noId])),
    encodeRefsObject(0, one, joined(ids)),
    encodeRefsObject(0, zero, joined(ids)),
    encodeRefsObject(1, whole, item(5, first)),
    encodeRefsObject(1, whole, item(1, noId)),
    encodeRefsObject(15, whole, item(1, first)),
    Buffer.from('a0', 'hex'),
  ]
}

const noId = 'e'.repeat(64) as ObjectId

async function forgedCommit(aims: Aims, below: (most: number) => number): Promise<Attack[]> {
  const head = await aims.head()
  const good = head && decodeCommit(head.commit).commit
  if (head === undefined || good === undefined) throw new Error('no head')
  const refs = lyingRefs(aims.ids)
  const lie = refs[below(refs.length)] ?? new Uint8Array(1)
  const next: Commit = { ...good, seq: head.seq + 1, previous: head.hash }
  const forgeries: Partial<Commit>[] = [
    { seq: head.seq },
    { seq: head.seq + 1_000_000 },
    { seq: 1, previous: noRecord },
    { previous: noRecord },
    { previous: aims.points[0]?.hash ?? noRecord },
    { refsRoot: idOf(lie) },
    { refsRoot: good.manifest },
    { manifest: good.refsRoot },
    { objectCount: good.objectCount + 1 },
    { repository: 7 },
    { timeMs: 0 },
    { timeMs: 2 ** 52 },
  ]
  const commit = { ...next, ...forgeries[below(forgeries.length)] }
  const seq = below(4) === 0 ? next.seq : commit.seq
  return [
    { method: 'PUT', url: `${objects}/refs/${idOf(lie)}`, body: lie },
    { method: 'PUT', url: `/v1/sources/files/points/${seq}`, body: encodeCommit(commit).bytes },
    { method: 'PUT', url: `/v1/sources/other/points/${seq}`, body: encodeCommit(commit).bytes },
  ]
}

function pinAttacks(aims: Aims, below: (most: number) => number): Attack[] {
  const headers = { 'x-backup-pin': String(below(10 ** 8)).padStart(8, '0') }
  const points = aims.points.map(({ hash }) => hash)
  const short = { ...defaultRetention, keep: { daily: 7, weekly: 4, monthly: 3, yearly: 1 } }
  const none = { ...short, keep: { daily: null, weekly: null, monthly: null, yearly: null } }
  return [
    { method: 'POST', url: '/v1/points/delete', body: { points }, headers },
    { method: 'POST', url: '/v1/points/delete', body: { points } },
    { method: 'POST', url: '/v1/points/undelete', body: { points } },
    { method: 'POST', url: '/v1/retention', body: { source: 'files', policy: short }, headers },
    { method: 'POST', url: '/v1/retention', body: { source: 'files', policy: none }, headers },
    { method: 'POST', url: '/v1/data/give-up', body: { giveUp: 'all data' }, headers },
    { method: 'POST', url: '/v1/repositories/0/slots', body: { add: null, remove: [0] }, headers },
    { method: 'PUT', url: '/v1/repositories/0/slots/1', body: new Uint8Array(200), headers },
  ]
}

function otherAttacks(aims: Aims, below: (most: number) => number): Attack[] {
  const id = aims.ids[below(aims.ids.length)] ?? noId
  const point = aims.points[below(aims.points.length)]
  const odd = { ...defaultRetention, minuteOfDay: below(3_000), timeZone: 'Mars/Olympus' }
  const long = { ...defaultRetention, keep: { ...defaultRetention.keep, yearly: 99 } }
  return [
    { method: 'PUT', url: `${objects}/data/${id}`, body: bytesOf('data') },
    { method: 'PUT', url: `${objects}/refs/${id}`, body: bytesOf('refs') },
    { method: 'PUT', url: `${objects}/manifest/${id}`, body: new Uint8Array(0) },
    { method: 'DELETE', url: `${objects}/${id}` },
    { method: 'PATCH', url: `${objects}/${id}` },
    { method: 'POST', url: '/v1/repositories/0/missing', body: { ids: [...aims.ids, noId] } },
    { method: 'POST', url: '/v1/repositories/99/missing', body: { ids: aims.ids } },
    { method: 'GET', url: `${objects}/..%2f..%2f${id}` },
    { method: 'DELETE', url: `/v1/sources/files/points/${point?.seq ?? 1}` },
    { method: 'PUT', url: '/v1/sources/..%2frecords/points/1', body: new Uint8Array(50) },
    { method: 'POST', url: '/v1/points/keep', body: { points: [noId], until: 2 ** 52 } },
    { method: 'POST', url: '/v1/points/keep', body: { points: [point?.hash], until: 0 } },
    { method: 'POST', url: '/v1/retention', body: { source: 'files', policy: odd } },
    { method: 'POST', url: '/v1/retention', body: { source: 'files', policy: long } },
    { method: 'POST', url: '/v1/retention/cancel', body: { source: 'files' } },
    { method: 'GET', url: '/v1/retention/plan?days=36500' },
    { method: 'GET', url: '/v1/points?source=files' },
    { method: 'GET', url: `/v1/events?after=${below(1_000)}` },
    { method: 'PUT', url: `/v1/runs/${'a'.repeat(32)}`, body: { kind: 'backup' } },
    { method: 'PUT', url: '/v1/repositories/0/configs/0', body: new Uint8Array(100) },
    { method: 'GET', url: '/v1/machines' },
    { method: 'POST', url: '/v1/immutability', body: { vault: 'home', state: 'off' } },
  ]
}

async function attack(app: FastifyInstance, { method, url, body, headers }: Attack) {
  const payload =
    body === undefined || body instanceof Uint8Array
      ? body && Buffer.from(body)
      : Buffer.from(JSON.stringify(body))
  const length = payload && { 'content-length': String(payload.length) }
  const answer = await app.inject({
    method,
    url,
    ...(payload && { payload }),
    headers: { ...length, ...headers },
  })
  expect(answer.statusCode, `${method} ${url}: ${answer.body}`).toBeLessThan(500)
  return answer.statusCode
}

/** All that the point needs is there with the bytes that its names promise, in place or in the trash. */
async function expectRestorable(vault: TestVault, point: PointRow): Promise<void> {
  const place = { space, repository: 0 }
  expect((await current(vault, point)).state).toBe('kept')
  const { commit } = decodeCommit(point.commit)
  const { ids, missing } = await namedObjects(vault, { place, commit, seen: new Set() })
  expect(missing).toEqual([])
  for (const id of ids) {
    const kinds = ['data', 'tree', 'index', 'refs', 'manifest'] as const
    const keys = await Promise.all(
      kinds.map(async (kind) => {
        const key = keyIn(kind, id)
        if ((await vault.store.stat(key)) !== undefined) return key
        return await keyInTrash(vault, place, { kind, id })
      }),
    )
    const key = keys.find((one) => one !== undefined)
    if (key === undefined) throw new Error(`${id} of point ${point.seq} is gone`)
    expect(idOf(await readWhole(vault.store, key, 100_000))).toBe(id)
  }
}

test(
  'a hostile machine loses nothing that was locked, whatever it asks for in whatever order',
  { timeout: 240_000 },
  async () => {
    const vault = await openTestVault()
    await register(vault)
    const messages = pino({ level: 'silent' })
    const app = createApiApp({ ...vault, authorities: () => ['PEM'], messages }, () => fingerprint)
    onTestFinished(() => app.close())
    const points: PointRow[] = []
    for (let day = 0; day < 9; day++) {
      await passDays(vault, 1)
      points.push(await commitNext(vault))
    }
    const first = points[0]
    if (first === undefined) throw new Error('no point')
    const { ids } = await namedObjects(vault, {
      place: { space, repository: 0 },
      commit: decodeCommit(first.commit).commit,
      seen: new Set(),
    })
    const head = () => lastPoint(vault.catalog, { machineId: space.machineId, source: files })
    const aims: Aims = { points, ids, head }
    const below = numbersFrom(7)
    const statuses = new Map<number, number>()
    for (let day = 0; day < 75; day++) {
      const tried = [
        ...(await forgedCommit(aims, below)),
        ...pinAttacks(aims, below),
        ...otherAttacks(aims, below),
      ]
      const some = tried.map((one) => [below(1_000), one] as const).sort(([a], [b]) => a - b)
      for (const [, one] of some.slice(0, 12)) {
        const status = await attack(app, one)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      // A flood takes what tags there are, and pushes nothing out.
      for (let flood = 0; flood < 3; flood++) await commitNext(vault, { ids: [] })
      if (day === 50) await attack(app, { method: 'POST', url: '/v1/unregister', body: {} })
      await passDays(vault, 1)
      if (day % 5 === 0) await collect(vault)
      const nowMs = vault.clock.now()
      for (const point of points) if (point.lockUntil > nowMs) await expectRestorable(vault, point)
    }
    expect([...statuses.keys()].some((status) => status === 403)).toBe(true)
    expect(first.lockUntil).toBeGreaterThan(vault.clock.now() + 250 * dayMs)
    expect((await collect(vault))?.skipped).toEqual([])
  },
)
