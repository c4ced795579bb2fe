/** What the vault has: its list of present objects, the indexes, and the packs that no index covers yet. */

import { BackupError } from '../../base/errors.ts'
import { openDirectory } from '../../crypto/pack-seal.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { IndexedPack, IndexView } from '../../model/index-object.ts'
import { decodePackHeader, packHeaderBytes } from '../../model/pack.ts'
import { indexSetOf, loadIndex, type IndexSet } from '../../repository/index-set.ts'
import type { Repository } from '../../repository/repository.ts'
import type { IndexFiles } from '../cache/index-files.ts'
import type { JournalEntry } from './pack-journal.ts'

export interface KnownObjects {
  readonly present: ReadonlySet<ObjectId>
  /** Their stored bytes. */
  readonly sizes: ReadonlyMap<ObjectId, number>
  readonly indexes: IndexSet
  /** Packs of earlier runs that did not come to their end; they need an index. */
  readonly uncovered: readonly IndexedPack[]
}

export interface KnownSources {
  readonly journal: readonly JournalEntry[]
  readonly indexFiles: IndexFiles
  /** What the vault lists, and has said it does not have: a good copy here is of no use to a point. */
  readonly gone: ReadonlySet<ObjectId>
}

export async function loadKnownObjects(
  repository: Repository,
  { journal, indexFiles, gone }: KnownSources,
): Promise<KnownObjects> {
  const present = new Map<ObjectId, string>()
  const sizes = new Map<ObjectId, number>()
  for await (const { id, kind, sizeBytes } of repository.connection.objects(repository.number)) {
    if (gone.has(id)) continue
    present.set(id, kind)
    sizes.set(id, sizeBytes)
  }
  const ids = (kind: string) => [...present].flatMap(([id, its]) => (its === kind ? [id] : []))
  const indexes = await loadReadable(repository, ids('index'), indexFiles)
  const covered = new Set([...indexes.values()].flatMap(({ packs }) => packs.map(({ id }) => id)))
  const heads = new Map(journal.map(({ id, head }) => [id, head]))
  const uncovered: IndexedPack[] = []
  for (const id of [...ids('data'), ...ids('tree')]) {
    if (covered.has(id)) continue
    const pack = await uncoveredPack(repository, id, heads.get(id))
    if (pack !== undefined) uncovered.push(pack)
  }
  return { present: new Set(present.keys()), sizes, indexes: indexSetOf(indexes), uncovered }
}

/** An index that can not be read counts as missing: its packs are then read one by one. */
async function loadReadable(
  repository: Repository,
  ids: readonly ObjectId[],
  indexFiles: IndexFiles,
): Promise<Map<ObjectId, IndexView>> {
  await indexFiles.retain(new Set(ids))
  const views = new Map<ObjectId, IndexView>()
  for (const id of ids) {
    const view = await orUndefined(() => loadIndex(repository, id, indexFiles.load))
    if (view !== undefined) views.set(id, view)
  }
  return views
}

/** Undefined where the pack can not be read: its chunks are sent again. */
function uncoveredPack(
  repository: Repository,
  id: ObjectId,
  head: Uint8Array | undefined,
): Promise<IndexedPack | undefined> {
  return orUndefined(async () => {
    const whole = head ?? (await fetchHead(repository, id))
    const { segments, chunks } = openDirectory(whole, repository.keys)
    const header = whole.slice(0, packHeaderBytes)
    return { id, kind: decodePackHeader(header).kind, header, day: 0, segments, chunks }
  })
}

async function fetchHead(repository: Repository, id: ObjectId): Promise<Uint8Array> {
  const { connection, number } = repository
  const range = (end: number) => connection.objectRange(number, id, { start: 0, end })
  const { directoryBytes } = decodePackHeader(await range(packHeaderBytes))
  return range(packHeaderBytes + directoryBytes)
}

async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const unusable = ['damaged', 'malformed', 'not-found', 'missing-data', 'unsupported-format']
    if (error instanceof BackupError && unusable.includes(error.code)) return undefined
    throw error
  }
}
