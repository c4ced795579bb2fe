/** What lies in a vault's directory, read and removed without the vault (docs/format.md 11). */

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { decodeCommit, type Commit } from '../../src/model/commit.ts'
import { parseObjectId, type ObjectId, type ObjectKind } from '../../src/model/ids.ts'
import { checkRefs } from '../../src/model/refs-reader.ts'

export interface StoredObject {
  readonly path: string
  readonly kind: ObjectKind
  readonly id: ObjectId
}

/** All files below a directory. */
export const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const objectPlace =
  /\/repositories\/\d+\/(data|tree|index|refs|manifest)\/[0-9a-f]{2}\/([0-9a-f]{64})$/

function objectAt(path: string): StoredObject | undefined {
  const [, kind, id] = objectPlace.exec(path) ?? []
  if (kind === undefined || id === undefined) return undefined
  return { path, kind: kind as ObjectKind, id: parseObjectId(id) }
}

const treesOf = (vault: string): string[] => [join(vault, 'objects'), join(vault, 'copies')]

/** The machines' objects; what is kept twice comes twice. */
export const storedObjects = (vault: string, kind?: ObjectKind): StoredObject[] =>
  treesOf(vault)
    .flatMap(filesBelow)
    .flatMap((path) => objectAt(path) ?? [])
    .filter((object) => kind === undefined || object.kind === kind)

/** What all data packs take. */
export const storedDataBytes = (vault: string): number =>
  storedObjects(vault, 'data').reduce((sum, { path }) => sum + statSync(path).size, 0)

/** Of a vault with one machine that has one source. */
export function newestCommit(vault: string): Commit {
  const commits = filesBelow(join(vault, 'objects'))
    .filter((path) => path.endsWith('/commit'))
    .map((path) => decodeCommit(readFileSync(path)).commit)
  const newest = commits.sort((a, b) => b.seq - a.seq)[0]
  if (newest === undefined) throw new Error('There is no recovery point.')
  return newest
}

/** The ids in a point's refs, the objects of the refs, and the manifest. */
export async function neededBy(vault: string, commit: Commit): Promise<ReadonlySet<ObjectId>> {
  const needed = new Set([commit.manifest])
  const places = new Map(storedObjects(vault, 'refs').map(({ id, path }) => [id, path]))
  const load = (id: ObjectId): Promise<Uint8Array | undefined> => {
    const path = places.get(id)
    return Promise.resolve(path === undefined ? undefined : readFileSync(path))
  }
  const onShard = ({ ids }: { readonly ids: readonly ObjectId[] }): void =>
    ids.forEach((id) => needed.add(id))
  const refs = await checkRefs(commit.refsRoot, load, { onShard })
  if (refs.missing.length > 0) throw new Error('The refs are not whole.')
  for (const id of [...refs.nodes, ...refs.shards.map((shard) => shard.id)]) needed.add(id)
  return needed
}

const isRecord = (path: string): boolean => /\/(configs|slots|points|records)\//.test(path)

/** Removes every file that is neither a record nor needed by the newest point. The kinds of what was removed. */
export async function removeUnneeded(vault: string): Promise<ReadonlySet<ObjectKind | 'other'>> {
  const needed = await neededBy(vault, newestCommit(vault))
  const removed = new Set<ObjectKind | 'other'>()
  for (const path of treesOf(vault).flatMap(filesBelow)) {
    const object = objectAt(path)
    if (object === undefined ? isRecord(path) : needed.has(object.id)) continue
    rmSync(path)
    removed.add(object?.kind ?? 'other')
  }
  return removed
}

/** Removes an object wherever it is kept. */
export function removeObject(vault: string, id: ObjectId): void {
  for (const object of storedObjects(vault)) if (object.id === id) rmSync(object.path)
}
