/** Operators with keys, and what they ask of each other. */

import { toHex } from '../../base/bytes.ts'
import type { EntryOf } from '../records/entries.ts'
import type { Catalog, Row } from './tables.ts'

export type Operator = Row<'operators'>
export type Approval = Row<'approvals'>

export const listOperators = (catalog: Catalog): Promise<Operator[]> =>
  catalog.selectFrom('operators').selectAll().orderBy('name').execute()

export async function addOperator(
  catalog: Catalog,
  { name, publicKey }: EntryOf<'operator-added'>,
  addedAt: number,
): Promise<void> {
  await catalog.insertInto('operators').values({ name, publicKey, addedAt }).execute()
}

export async function removeOperator(
  catalog: Catalog,
  { name }: EntryOf<'operator-removed'>,
): Promise<void> {
  await catalog.deleteFrom('operators').where('name', '=', name).execute()
}

export async function addApproval(
  catalog: Catalog,
  { id, operation, subject, text, askedBy, expiresAt, signature }: EntryOf<'approval-asked'>,
  askedAt: number,
): Promise<void> {
  const asked = { id: toHex(id), operation, subject, text, askedBy, askedAt, expiresAt }
  const open = { approvedBy: null, approval: null, approvedAt: null, usedAt: null }
  await catalog
    .insertInto('approvals')
    .values({ ...asked, asking: signature, ...open })
    .execute()
}

export async function markApproved(
  catalog: Catalog,
  { id, approvedBy, signature }: EntryOf<'approval-given'>,
  approvedAt: number,
): Promise<void> {
  await catalog
    .updateTable('approvals')
    .set({ approvedBy, approval: signature, approvedAt })
    .where('id', '=', toHex(id))
    .execute()
}

export async function markApprovalUsed(
  catalog: Catalog,
  { id }: EntryOf<'approval-used'>,
  usedAt: number,
): Promise<void> {
  await catalog.updateTable('approvals').set({ usedAt }).where('id', '=', toHex(id)).execute()
}

/** The newest first. */
export const listApprovals = (catalog: Catalog): Promise<Approval[]> =>
  catalog.selectFrom('approvals').selectAll().orderBy('askedAt', 'desc').orderBy('id').execute()
