/**
 * What can be proven of points without a key: that the vault has every object that they name, and that what is fetched has the
 * bytes of its name. That it opens, and that every chunk of every file has its place, only a key can prove.
 */

import { messageOf } from '../../base/errors.ts'
import type { ObjectId } from '../../model/ids.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { createDamageList, type DamageList } from './damage-list.ts'
import { checkKeySlots } from './key-slots.ts'
import { checkPresence, readNamedObjects, type NamedObjects, type Place } from './named-objects.ts'
import type { VerifyOptions, VerifyResult } from './verify.ts'

/** `readData`: fetches every object, and compares its bytes with its name. Points of one repository. */
export async function verifyObjects(
  repository: Omit<Repository, 'keys' | 'config'>,
  points: readonly PointFacts[],
  options: VerifyOptions,
): Promise<VerifyResult> {
  const damages = createDamageList()
  if (options.isOlder !== true) await checkKeySlots(repository, damages)
  const named = await readNamedObjects(repository, points, damages)
  const manifests = points.map(({ commit }) => commit.manifest)
  await checkPresence(repository, { named, manifests, indexes: new Set() }, damages)
  const data = options.readData ? [...named.all].filter((id) => !damages.has(id)) : []
  const read = { ...options, damages }
  const bytesOfManifests = await fetchAll(repository, { ids: manifests, kind: 'manifest' }, read)
  let packs = 0
  const bytesOfData = await fetchAll(
    repository,
    { ids: data, kind: 'pack' },
    {
      ...read,
      onObject: (bytesRead) => {
        const counts = { packs: ++packs, packsToRead: data.length, files: 0, directories: 0 }
        options.onProgress?.({ ...counts, bytesRead })
      },
    },
  )
  concernPoints(points, named, damages)
  return {
    ...{ packs, packsToRead: data.length, files: 0, directories: 0 },
    bytesRead: bytesOfManifests + bytesOfData,
    points: points.length,
    objects: named.all.size,
    damages: damages.list,
    damageCount: damages.count,
    pathCount: damages.pathCount,
  }
}

interface Reading {
  readonly damages: DamageList
  readonly signal?: AbortSignal | undefined
  readonly onObject?: (bytesRead: number) => void
}

/** The connection compares bytes with the name. Returns how many bytes there were. */
async function fetchAll(
  { connection, number }: Place,
  { ids, kind }: { readonly ids: readonly ObjectId[]; readonly kind: 'manifest' | 'pack' },
  { damages, signal, onObject }: Reading,
): Promise<number> {
  let bytesRead = 0
  for (const id of ids) {
    signal?.throwIfAborted()
    try {
      bytesRead += (await connection.object(number, id)).length
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      damages.note(id, kind, messageOf(error))
    }
    onObject?.(bytesRead)
  }
  return bytesRead
}

/** Which paths are concerned only the key can tell: the whole of each point that names it. */
function concernPoints(
  points: readonly PointFacts[],
  { ofPoint }: NamedObjects,
  damages: DamageList,
): void {
  for (const { id: point, commit } of points) {
    const needed = [...(ofPoint.get(point) ?? []), commit.manifest, commit.refsRoot]
    const bad = needed.filter((id) => damages.has(id))
    if (bad.length > 0) damages.concern(bad, { point, system: 'linux', path: [] })
  }
}
