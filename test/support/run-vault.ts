/** A vault in memory that takes points and collects: what no point that is kept names is gone at once. */

import { generateKeyPairSync } from 'node:crypto'
import type { Clock } from '../../src/base/clock.ts'
import { signP256 } from '../../src/crypto/primitives/signature.ts'
import { decodeCommit } from '../../src/model/commit.ts'
import type { ObjectId, SourceName } from '../../src/model/ids.ts'
import {
  decodePointRecord,
  encodePointRecordBody,
  framePointRecord,
  pointRecordLabel,
  type RetentionTag,
} from '../../src/model/point-record.ts'
import { checkRefs } from '../../src/model/refs-reader.ts'
import { retentionOf, type RetentionPolicy } from '../../src/policy/retention.ts'
import type { StoredPointBytes } from '../../src/repository/connection.ts'
import { createMemoryVault, type MemoryVault } from './memory-vault.ts'

export interface RunVault extends MemoryVault {
  /** PEM, of whoever signs its records. */
  readonly authority: string
  /** Deletes points, never the newest of a source. */
  forget(isGone: (point: StoredPointBytes, untilMs: number) => boolean): void
  /** Removes what no point names. */
  collect(): Promise<void>
  readonly storedBytes: () => number
}

export function createRunVault(clock: Clock, policy: RetentionPolicy): RunVault {
  const memory = createMemoryVault()
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const lastTagged = new Map<SourceName, Partial<Record<RetentionTag, number>>>()
  const { stored, storedPoints } = memory
  const gone = new Set<StoredPointBytes>()
  const load = (id: ObjectId) => Promise.resolve(stored.get(id)?.bytes)
  const neededBy = async (bytes: Uint8Array) => {
    const { commit } = decodeCommit(bytes)
    const needed = new Set([commit.manifest, commit.refsRoot])
    const refs = await checkRefs(commit.refsRoot, load, {
      onShard: ({ ids }) => ids.forEach((id) => needed.add(id)),
    })
    for (const id of [...refs.nodes, ...refs.shards.map((shard) => shard.id)]) needed.add(id)
    return needed
  }
  const named = new WeakMap<Uint8Array, ReadonlySet<ObjectId>>()
  const checkedNeeds = async (commit: Uint8Array) => {
    const needed = named.get(commit) ?? (await neededBy(commit))
    named.set(commit, needed)
    if (![...needed].every((id) => stored.has(id))) throw new Error('a point names what is gone')
    return needed
  }
  return {
    ...memory,
    authority: signer.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    putPoint: async (source, seq, commit) => {
      await checkedNeeds(commit)
      const last = lastTagged.get(source) ?? {}
      const { tags, retainUntil, lockUntil } = retentionOf(policy, clock.now(), last)
      const now = Object.fromEntries(tags.map((tag) => [tag, clock.now()]))
      lastTagged.set(source, { ...last, ...now })
      const body = encodePointRecordBody({
        ...{ commit: decodeCommit(commit).hash, number: 0, timeMs: clock.now(), tags },
        ...{ retainUntilMs: retainUntil, lockUntilMs: lockUntil },
      })
      const signature = signP256(signer.privateKey, pointRecordLabel, body)
      const point = { source, seq, commit, record: framePointRecord(body, signature) }
      storedPoints.push(point)
      return point
    },
    points: async function* (source) {
      await Promise.resolve()
      const sorted = [...storedPoints].sort(
        (a, b) => (a.source < b.source ? -1 : Number(a.source > b.source)) || a.seq - b.seq,
      )
      for (const point of sorted) {
        if (source !== undefined && point.source !== source) continue
        if (!gone.has(point)) yield point
      }
    },
    forget: (isGone) => {
      const newest = new Map(storedPoints.map((point) => [point.source, point]))
      for (const point of storedPoints) {
        const { retainUntilMs } = decodePointRecord(point.record).record
        if (newest.get(point.source) !== point && isGone(point, retainUntilMs)) gone.add(point)
      }
    },
    collect: async () => {
      const needed = new Set<ObjectId>()
      for (const point of storedPoints) {
        if (gone.has(point)) continue
        for (const id of await checkedNeeds(point.commit)) needed.add(id)
      }
      for (const id of stored.keys()) if (!needed.has(id)) stored.delete(id)
    },
    storedBytes: () => [...stored.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
  }
}
