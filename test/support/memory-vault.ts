/** A vault in memory for tests of what reads a repository: objects and points that a test has put there, and can spoil. */

import { BackupError } from '../../src/base/errors.ts'
import { toHex } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { parseMachineId, parseVaultId, type ObjectId } from '../../src/model/ids.ts'
import type {
  ByteRange,
  NewObject,
  StoredPointBytes,
  VaultConnection,
} from '../../src/repository/connection.ts'

export interface MemoryVault extends VaultConnection {
  readonly stored: Map<ObjectId, NewObject>
  readonly storedPoints: StoredPointBytes[]
  readonly storedSlots: Uint8Array[]
  /** What was asked for, in order: `object ID`, or `range ID start-end`. */
  readonly requests: string[]
  /** Objects that the vault keeps a second, good copy of: whole reads are answered from it. */
  readonly secondCopies: Map<ObjectId, Uint8Array>
  /** Changes one byte of an object; the vault does not notice until it is read whole. */
  flip(id: ObjectId, at: number): void
}

export function createMemoryVault(): MemoryVault {
  const stored = new Map<ObjectId, NewObject>()
  const storedPoints: StoredPointBytes[] = []
  const storedSlots: Uint8Array[] = []
  const requests: string[] = []
  const secondCopies = new Map<ObjectId, Uint8Array>()
  const bytesOf = (id: ObjectId): Uint8Array => {
    const object = stored.get(id)
    if (object === undefined) throw new BackupError('not-found', `There is no object ${id}.`)
    return object.bytes
  }
  const unused = () => Promise.reject(new Error('not part of this fake'))
  return {
    stored,
    storedPoints,
    storedSlots,
    requests,
    secondCopies,
    flip: (id, at) => {
      const object = stored.get(id)
      if (object === undefined) throw new Error(`no object ${id}`)
      const bytes = object.bytes.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 1
      stored.set(id, { ...object, bytes })
    },
    identity: {
      vaultId: parseVaultId('11'.repeat(16)),
      machineId: parseMachineId('22'.repeat(16)),
    },
    service: unused,
    repositories: unused,
    beginRepository: unused,
    configs: unused,
    config: unused,
    putConfig: unused,
    slots: () => Promise.resolve(storedSlots.map((_, number) => number)),
    slot: (_repository, number) =>
      Promise.resolve(storedSlots[number]?.slice() ?? new Uint8Array(0)),
    nextSlot: unused,
    changeSlots: unused,
    putSlot: unused,
    putObject: (_repository, object) => {
      stored.set(object.id, object)
      return Promise.resolve('stored')
    },
    object: async (_repository, id) => {
      await Promise.resolve()
      requests.push(`object ${id}`)
      const candidates = [bytesOf(id), secondCopies.get(id)]
      const good = candidates.find((bytes) => bytes !== undefined && toHex(sha256(bytes)) === id)
      if (good === undefined) throw new BackupError('damaged', `The object ${id} is damaged.`)
      return good.slice()
    },
    objectRange: async (_repository, id, range: ByteRange) => {
      await Promise.resolve()
      requests.push(`range ${id} ${range.start}-${range.end}`)
      const bytes = bytesOf(id)
      if (range.start >= bytes.length) throw new BackupError('usage', 'No such range.')
      return bytes.slice(range.start, range.end)
    },
    objects: async function* (_repository, kind) {
      await Promise.resolve()
      for (const object of stored.values()) {
        if (kind !== undefined && kind !== object.kind) continue
        yield { id: object.id, kind: object.kind, sizeBytes: object.bytes.length, receivedAt: 0 }
      }
    },
    missing: (_repository, ids) => Promise.resolve(ids.filter((id) => !stored.has(id))),
    sources: unused,
    points: async function* (source) {
      await Promise.resolve()
      for (const point of storedPoints) {
        if (source === undefined || point.source === source) yield point
      }
    },
    putPoint: unused,
    deletePoints: unused,
    undeletePoints: unused,
    retentionPlan: unused,
    retention: unused,
    setRetention: unused,
    cancelRetention: unused,
    keepPoints: unused,
    giveUpData: unused,
    putRun: () => Promise.resolve({ clonedAt: null }),
    unregister: unused,
    close: () => Promise.resolve(),
  }
}
