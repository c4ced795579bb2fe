/** The disk of a vault that fills in the middle of everything: what was acknowledged stays, and all goes on with room again. */

import { execFileSync } from 'node:child_process'
import { openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { decodeCommit, encodeCommit } from '../../src/model/commit.ts'
import { createApiApp } from '../../src/vault/api/app.ts'
import type { PointRow } from '../../src/vault/catalog/points.ts'
import { collect } from '../../src/vault/collection/collect.ts'
import { readWhole } from '../../src/vault/objects/object-store.ts'
import { presentObjects } from '../../src/vault/objects/presence.ts'
import { namedObjects } from '../../src/vault/points/named-objects.ts'
import { reconcileObjects } from '../../src/vault/points/reconcile.ts'
import { applyRetention } from '../../src/vault/retention/expire.ts'
import { scrub } from '../../src/vault/scrub/scrub.ts'
import { commitNext, passDays } from '../support/committed-points.ts'
import { scratchDirectory } from '../support/scratch.ts'
import {
  bytesOf,
  fingerprint,
  idOf,
  openTestVault,
  preparePoint,
  register,
  space,
  type TestVault,
} from '../support/test-vault.ts'

const place = { space, repository: 0 }
const { signal } = new AbortController()

/** A file system of its own, in a file. */
function smallDisk(): string {
  const scratch = scratchDirectory()
  const [image, mount] = [join(scratch, 'image'), join(scratch, 'mount')]
  execFileSync('sh', [
    '-c',
    `truncate -s 48M "${image}" && mkfs.ext4 -q -m 0 "${image}" && mkdir "${mount}" && mount -o loop "${image}" "${mount}"`,
  ])
  onTestFinished(() => void execFileSync('umount', ['-l', mount]))
  return mount
}

/** Fills the disk to the last byte, or nearly so. */
function fill(mount: string, leaving: number): () => void {
  const path = join(mount, 'filler')
  const file = openSync(path, 'w')
  let size = 0
  try {
    for (const part of [1_048_576, 4_096, 512]) {
      try {
        for (;;) size += writeSync(file, Buffer.alloc(part, 1))
      } catch {
        continue
      }
    }
  } finally {
    closeSync(file)
  }
  if (leaving > 0) execFileSync('truncate', ['-s', String(Math.max(0, size - leaving)), path])
  return () => rmSync(path)
}

async function expectWhole(vault: TestVault, points: readonly PointRow[]): Promise<void> {
  for (const point of points) {
    const { commit } = decodeCommit(point.commit)
    const { ids, missing } = await namedObjects(vault, { place, commit, seen: new Set() })
    expect(missing).toEqual([])
    expect((await presentObjects(vault, place, ids)).size).toBe(ids.length)
  }
}

test('a vault whose disk is full refuses, loses nothing, and goes on when there is room', async () => {
  const mount = smallDisk()
  const vault = await openTestVault({ directory: join(mount, 'vault') })
  await register(vault)
  const messages = pino({ level: 'silent' })
  const app = createApiApp({ ...vault, authorities: () => ['PEM'], messages }, () => fingerprint)
  onTestFinished(() => app.close())
  const put = async (url: string, body: Uint8Array) => {
    const headers = { 'content-length': String(body.length) }
    return await app.inject({ method: 'PUT', url, payload: Buffer.from(body), headers })
  }
  const points = [await commitNext(vault)]
  for (let day = 0; day < 3; day++) {
    await passDays(vault, 1)
    points.push(await commitNext(vault))
  }
  await reconcileObjects(vault, signal)
  for (const leaving of [0, 4_096, 40_000, 150_000, 400_000]) {
    const last = points.at(-1)
    if (last === undefined) throw new Error('no point')
    const seq = last.seq + 1
    const { commit, bytes } = await preparePoint(vault.store, { seq, previous: last.hash })
    const makeRoom = fill(mount, leaving)
    const object = bytesOf('data', 500_000)
    const sent = await put(`/v1/repositories/0/objects/data/${idOf(object)}`, object)
    expect([sent.statusCode, sent.json<{ error: { code: string } }>().error.code]).toEqual([
      507,
      'vault-full',
    ])
    const committed = await put(`/v1/sources/files/points/${seq}`, bytes)
    expect([201, 507], committed.body).toContain(committed.statusCode)
    vault.clock.add(dayMs)
    for (const chore of [
      () => applyRetention(vault),
      () => collect(vault),
      () => scrub(vault, { signal, mostBytes: Infinity }),
    ]) {
      await chore().catch(() => undefined)
    }
    expect(await readWhole(vault.store, 'records/0000000000000000', 20_000)).toBeDefined()
    makeRoom()
    const again = await put(`/v1/sources/files/points/${seq}`, encodeCommit(commit).bytes)
    expect([200, 201], again.body).toContain(again.statusCode)
    points.push(await commitNext(vault))
    await expectWhole(vault, points)
    expect(await collect(vault)).toMatchObject({ skipped: [] })
  }
  expect(await scrub(vault, { signal, mostBytes: Infinity })).toMatchObject({ damaged: [] })
})
