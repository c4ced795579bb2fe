/** All that a point's refs name. */

import type { ObjectId } from '../model/ids.ts'
import { readRefs } from '../model/refs-reader.ts'
import type { Repository } from './repository.ts'

/** @throws BackupError `not-found`, `damaged`, `malformed` */
export async function refsIds(
  { connection, number }: Pick<Repository, 'connection' | 'number'>,
  root: ObjectId,
): Promise<Set<ObjectId>> {
  const ids = new Set<ObjectId>()
  const load = (id: ObjectId) => connection.object(number, id)
  for await (const shard of readRefs(root, load)) for (const id of shard.ids) ids.add(id)
  return ids
}
