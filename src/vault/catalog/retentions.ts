/** Policies of sources, one for each change, and points that somebody wants to be kept whatever they say. */

import type { VaultId } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import { batches } from './objects.ts'
import type { SourceOf } from './points.ts'
import type { Catalog, Row } from './tables.ts'

export type RetentionChange = Row<'retentions'>

interface Recorded {
  readonly number: number
  readonly atMs: number
}

export async function addRetention(
  catalog: Catalog,
  { machineId, source, policy, from }: EntryOf<'retention-set'>,
  { number, atMs }: Recorded,
): Promise<void> {
  await dropPending(catalog, { machineId, source }, atMs)
  const row = { machineId, source, number, policy, setAt: atMs, from }
  await catalog.insertInto('retentions').values(row).execute()
}

export async function dropPending(catalog: Catalog, of: SourceOf, atMs: number): Promise<void> {
  await catalog
    .deleteFrom('retentions')
    .where('machineId', '=', of.machineId)
    .where('source', '=', of.source)
    .where('from', '>', atMs)
    .execute()
}

/** Of all sources in a vault. */
export async function dropAllPending(
  catalog: Catalog,
  vaultId: VaultId,
  atMs: number,
): Promise<void> {
  const machines = catalog.selectFrom('machines').select('id').where('vaultId', '=', vaultId)
  await catalog
    .deleteFrom('retentions')
    .where('machineId', 'in', machines)
    .where('from', '>', atMs)
    .execute()
}

/** In the order in which they were set. */
export const retentionChanges = (catalog: Catalog, of: SourceOf): Promise<RetentionChange[]> =>
  catalog
    .selectFrom('retentions')
    .selectAll()
    .where('machineId', '=', of.machineId)
    .where('source', '=', of.source)
    .orderBy('number')
    .execute()

/** Never shorter than what was asked for before. */
export async function addWanted(
  catalog: Catalog,
  { machineId, source, seqs, until }: EntryOf<'points-wanted'>,
): Promise<void> {
  for (const some of batches(seqs, 100)) {
    await catalog
      .insertInto('wanted')
      .values(some.map((seq) => ({ machineId, source, seq, until })))
      .onConflict((conflict) =>
        conflict.columns(['machineId', 'source', 'seq']).doUpdateSet((of) => ({
          until: of.fn<number>('max', ['wanted.until', 'excluded.until']),
        })),
      )
      .execute()
  }
}

/** Until when each point of a source is wanted, by its seq. */
export async function wantedPoints(
  catalog: Catalog,
  of: SourceOf,
): Promise<ReadonlyMap<number, number>> {
  const rows = await catalog
    .selectFrom('wanted')
    .select(['seq', 'until'])
    .where('machineId', '=', of.machineId)
    .where('source', '=', of.source)
    .execute()
  return new Map(rows.map(({ seq, until }) => [seq, until]))
}
