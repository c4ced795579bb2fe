/**
 * Collection at full speed, by two processes' worth of collectors, beside clients that send, ask, commit and lose their points
 * again, while simulated months go by: through the API's own routes, on real files.
 */

import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { hourMs } from '../../src/base/clock.ts'
import { decodeCommit, encodeCommit } from '../../src/model/commit.ts'
import { noRecord, parseSourceName, type ObjectId } from '../../src/model/ids.ts'
import { writeRefs } from '../../src/model/refs.ts'
import { createApiApp } from '../../src/vault/api/app.ts'
import { lastPoint, sourcesOf, standingPoints } from '../../src/vault/catalog/points.ts'
import { collect } from '../../src/vault/collection/collect.ts'
import { namedObjects } from '../../src/vault/points/named-objects.ts'
import { applyRetention } from '../../src/vault/retention/expire.ts'
import {
  bytesOf,
  fingerprint,
  idOf,
  keyIn,
  openTestVault,
  register,
  space,
  startMs,
  type TestVault,
} from '../support/test-vault.ts'

interface Upload {
  readonly kind: 'data' | 'refs' | 'manifest'
  readonly bytes: Uint8Array
}

/** Names come back: all clients choose from these. */
const pool = Array.from({ length: 60 }, (): Upload => ({ kind: 'data', bytes: bytesOf('data') }))

function clientOf(app: FastifyInstance) {
  const send = async (method: 'PUT' | 'POST', url: string, body: Uint8Array) => {
    const answer = await app.inject({
      method,
      url,
      payload: Buffer.from(body),
      headers: { 'content-length': String(body.length) },
    })
    return { status: answer.statusCode, json: () => answer.json<Record<string, unknown>>() }
  }
  const put = async ({ kind, bytes }: Upload): Promise<void> => {
    const url = `/v1/repositories/0/objects/${kind}/${idOf(bytes)}`
    for (;;) {
      const { status } = await send('PUT', url, bytes)
      if (status === 201 || status === 200) return
      expect(status).toBe(503)
    }
  }
  return { send, put }
}

type Client = ReturnType<typeof clientOf>

/** As an agent does it: what is missing is sent, until the commit finds all. */
async function backUp(vault: TestVault, client: Client, name: string): Promise<void> {
  const source = parseSourceName(name)
  const head = await lastPoint(vault.catalog, { machineId: space.machineId, source })
  const chosen = pool.filter(() => Math.random() < 0.06)
  const ids = chosen.map(({ bytes }) => idOf(bytes)).sort()
  const refs = writeRefs(ids)
  const manifest: Upload = { kind: 'manifest', bytes: bytesOf('manifest', 300) }
  const needed = [
    ...chosen,
    ...[...refs.objects.values()].map((bytes): Upload => ({ kind: 'refs', bytes })),
    manifest,
  ]
  const seq = (head?.seq ?? 0) + 1
  const record = encodeCommit({
    ...space,
    repository: 0,
    source,
    seq,
    previous: head?.hash ?? noRecord,
    manifest: idOf(manifest.bytes),
    refsRoot: refs.root,
    objectCount: ids.length,
    objectBytes: 0,
    timeMs: startMs,
  }).bytes
  const asked = { ids: needed.map(({ bytes }) => idOf(bytes)) }
  const found = await client.send(
    'POST',
    '/v1/repositories/0/missing',
    Buffer.from(JSON.stringify(asked)),
  )
  for (let missing = found.json()['missing'] as ObjectId[]; ;) {
    for (const one of needed) if (missing.includes(idOf(one.bytes))) await client.put(one)
    const answer = await client.send('PUT', `/v1/sources/${name}/points/${seq}`, record)
    if (answer.status === 201) return
    const { error } = answer.json() as { error: { code: string; facts: { missing: ObjectId[] } } }
    expect(error.code).toBe('commit-missing')
    missing = error.facts.missing
  }
}

/** All but the newest go for good at once, so that there is always something to collect. */
async function loseOldPoints({ catalog, log }: TestVault, name: string): Promise<void> {
  const { machineId } = space
  const source = parseSourceName(name)
  const points = await standingPoints(catalog, { machineId, source })
  const seqs = points.slice(0, -1).map(({ seq }) => seq)
  if (seqs.length === 0) return
  const of = { machineId, source, seqs }
  await log.append(() => ({ kind: 'points-deleted', ...of, cause: 'expired', until: 0 }))
  await log.append(() => ({ kind: 'points-removed', ...of }))
}

async function expectAllThere(vault: TestVault): Promise<void> {
  const place = { space, repository: 0 }
  for (const source of await sourcesOf(vault.catalog, space.machineId)) {
    for (const point of await standingPoints(vault.catalog, { ...space, source })) {
      const { commit } = decodeCommit(point.commit)
      const { ids, missing } = await namedObjects(vault, { place, commit, seen: new Set() })
      expect(missing).toEqual([])
      for (const id of ids) {
        const kinds = ['data', 'refs', 'manifest'] as const
        const found = await Promise.all(kinds.map((kind) => vault.store.stat(keyIn(kind, id))))
        expect(found.some(Boolean), `${source} ${point.seq} ${id}`).toBe(true)
      }
    }
  }
}

const clients = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const enoughPurged = 3

test(
  'eight clients commit beside collectors that never rest: nothing that a point names is lost',
  { timeout: 240_000 },
  async () => {
    const vault = await openTestVault()
    await register(vault)
    const beside = await openTestVault({ directory: vault.directory, signer: vault.signer })
    const messages = pino({ level: 'silent' })
    const app = createApiApp({ ...vault, authorities: () => ['PEM'], messages }, () => fingerprint)
    onTestFinished(() => app.close())
    const client = clientOf(app)
    let [isOver, purged] = [false, 0]
    const collectAgain = async (one: TestVault): Promise<void> => {
      while (!isOver) {
        vault.clock.add(15 * hourMs)
        beside.clock.set(vault.clock.now())
        await applyRetention(one)
        const collected = await collect(one)
        expect(collected?.skipped ?? []).toEqual([])
        purged += collected?.purged ?? 0
      }
    }
    const backUpAgain = async (name: string): Promise<void> => {
      while (purged < enoughPurged) {
        await backUp(vault, client, name)
        await loseOldPoints(vault, name)
      }
    }
    const collecting = [collectAgain(vault), collectAgain(beside)]
    await Promise.all(clients.map(backUpAgain)).finally(() => (isOver = true))
    await Promise.all(collecting)
    await collect(vault)
    await expectAllThere(vault)
  },
)
