/** Whether a request still waits, may run, or is over; and whether its signatures are what the operators of today made. */

import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { verifyEd25519 } from '../../crypto/primitives/signature.ts'
import { listOperators, type Approval, type Operator } from '../catalog/operators.ts'
import type { OperatorContext } from '../operator/context.ts'
import type { OperatorKey } from './operator-key.ts'
import { approveMessage, askMessage, digestOfRequest } from './request.ts'

export interface ApprovalContext extends Pick<
  OperatorContext,
  'catalog' | 'log' | 'clock' | 'random'
> {
  readonly authority: { readonly serviceId: string }
}

export type ApprovalState = 'waits' | 'approved' | 'used' | 'expired'

export function stateOf(approval: Approval, nowMs: number): ApprovalState {
  if (approval.usedAt !== null) return 'used'
  if (approval.expiresAt <= nowMs) return 'expired'
  return approval.approvedBy === null ? 'waits' : 'approved'
}

/** @throws BackupError `approval-refused` for a key that is no operator's (any more) */
export async function operatorOf(
  { catalog }: ApprovalContext,
  { publicKey }: Pick<OperatorKey, 'publicKey'>,
): Promise<Operator> {
  const operators = await listOperators(catalog)
  const found = operators.find((one) => equalBytes(one.publicKey, publicKey))
  if (found !== undefined) return found
  throw approvalRefused('this key is no operator of this service', {
    hint: 'backup-vault operators list shows who is.',
  })
}

/** A name that was given to another key since has asked for nothing. */
export function isAskedBy(
  { authority }: ApprovalContext,
  approval: Approval,
  { name, publicKey }: Operator,
): boolean {
  const message = askMessage(digestOfRequest(authority.serviceId, approval))
  return approval.askedBy === name && verifyEd25519(publicKey, message, approval.asking)
}

/** Rows of the catalog are not believed here: who was removed since, or never signed, counts for nothing. */
export function isSignedByTwo(
  context: ApprovalContext,
  approval: Approval,
  operators: readonly Operator[],
): boolean {
  const asker = operators.find(({ name }) => name === approval.askedBy)
  const approver = operators.find(({ name }) => name === approval.approvedBy)
  if (asker === undefined || approver === undefined || approval.approval === null) return false
  if (equalBytes(asker.publicKey, approver.publicKey)) return false
  const message = approveMessage(digestOfRequest(context.authority.serviceId, approval))
  return (
    isAskedBy(context, approval, asker) &&
    verifyEd25519(approver.publicKey, message, approval.approval)
  )
}

export const approvalRefused = (why: string, { hint }: { readonly hint: string }): BackupError =>
  new BackupError('approval-refused', `The approval is refused: ${why}.`, { hint })
