/** What points name: their refs decoded and checked, and whether the vault has it all. */

import { BackupError, errorCodeOf, messageOf } from '../../base/errors.ts'
import { toHex } from '../../base/bytes.ts'
import type { ObjectId, RecordHash } from '../../model/ids.ts'
import { checkRefs, refsItemKey } from '../../model/refs-reader.ts'
import type { RefsCell } from '../../model/refs-object.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import type { DamageList } from './damage-list.ts'

export interface NamedObjects {
  /** Packs and indexes by the point that names them; a point whose refs can not be read whole is not in it. */
  readonly ofPoint: ReadonlyMap<RecordHash, ReadonlySet<ObjectId>>
  /** Of all points. */
  readonly all: ReadonlySet<ObjectId>
  /** The refs objects themselves. */
  readonly refs: ReadonlySet<ObjectId>
}

/** Where objects lie: no key is needed to look at them. */
export type Place = Pick<Repository, 'connection' | 'number'>

/** Notes refs that are missing or damaged. */
export async function readNamedObjects(
  repository: Place,
  points: readonly PointFacts[],
  damages: DamageList,
): Promise<NamedObjects> {
  const ofPoint = new Map<RecordHash, ReadonlySet<ObjectId>>()
  const all = new Set<ObjectId>()
  const reading: RefsReading = { shards: new Map(), objects: new Set(), damages }
  for (const point of points) {
    const { ids, isWhole } = await readRefsOf(repository, point, reading)
    if (isWhole) ofPoint.set(point.id, ids)
    for (const id of ids) all.add(id)
  }
  return { ofPoint, all, refs: reading.objects }
}

/** Notes what the vault does not have of all that the points need. `indexes`: those that manifests name. */
export async function checkPresence(
  { connection, number }: Place,
  needed: {
    readonly named: NamedObjects
    readonly manifests: readonly ObjectId[]
    readonly indexes: ReadonlySet<ObjectId>
  },
  damages: DamageList,
): Promise<void> {
  const { named, manifests, indexes } = needed
  const ids = new Set([...named.all, ...named.refs, ...manifests, ...indexes])
  for (const id of await missingOf({ connection, number }, ids)) {
    const kind = named.refs.has(id)
      ? 'refs'
      : manifests.includes(id)
        ? 'manifest'
        : indexes.has(id)
          ? 'index'
          : 'pack'
    damages.note(id, kind, 'The vault does not have it, or knows it to be damaged.')
  }
}

/** A machine that was recovered may only read: it looks at the list of what is there. */
async function missingOf(
  { connection, number }: Place,
  ids: ReadonlySet<ObjectId>,
): Promise<readonly ObjectId[]> {
  try {
    return await connection.missing(number, [...ids])
  } catch (error) {
    if (errorCodeOf(error) !== 'read-only') throw error
  }
  const missing = new Set(ids)
  for await (const { id } of connection.objects(number)) missing.delete(id)
  return [...missing]
}

interface RefsReading {
  /** Ids of the shards read so far; points share most of them. */
  readonly shards: Map<string, readonly ObjectId[]>
  /** Refs objects that were met. */
  readonly objects: Set<ObjectId>
  readonly damages: DamageList
}

async function readRefsOf(
  { connection, number }: Place,
  point: PointFacts,
  { shards, objects, damages }: RefsReading,
): Promise<{ readonly ids: ReadonlySet<ObjectId>; readonly isWhole: boolean }> {
  const load = async (id: ObjectId) => {
    objects.add(id)
    try {
      return await connection.object(number, id)
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      damages.note(id, 'refs', messageOf(error))
      return undefined
    }
  }
  const ids = new Set<ObjectId>()
  const loaded = new Map<string, readonly ObjectId[]>()
  try {
    const checked = await checkRefs(point.commit.refsRoot, load, {
      known: (item) => shards.has(refsItemKey(item)),
      onShard: (shard) => {
        loaded.set(cellKey(shard), shard.ids)
      },
    })
    for (const item of checked.shards) {
      const own = loaded.get(cellKey(item)) ?? shards.get(refsItemKey(item))
      if (own !== undefined) shards.set(refsItemKey(item), own)
      for (const id of own ?? []) ids.add(id)
    }
    if (checked.missing.length === 0 && checked.count !== point.commit.objectCount) {
      throw new BackupError('malformed', 'They name another number of objects than the point says.')
    }
    return { ids, isWhole: checked.missing.length === 0 }
  } catch (error) {
    if (!isPlaceFailure(error)) throw error
    damages.note(point.commit.refsRoot, 'refs', messageOf(error))
    return { ids, isWhole: false }
  }
}

const cellKey = ({ bits, prefix }: RefsCell): string => `${bits}/${toHex(prefix)}`
