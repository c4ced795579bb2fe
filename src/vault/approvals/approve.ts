/** The second operator's part: finding a request by its id, and signing it. */

import { fromHex, equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { listApprovals, listOperators, type Approval } from '../catalog/operators.ts'
import type { OperatorKey } from './operator-key.ts'
import { approveMessage, digestOfRequest } from './request.ts'
import { approvalRefused, isAskedBy, operatorOf, stateOf, type ApprovalContext } from './state.ts'

/** By the beginning of its id. @throws BackupError `not-found`, `usage` */
export async function oneApproval(context: ApprovalContext, text: string): Promise<Approval> {
  const isPrefix = /^[0-9a-f]{8,32}$/.test(text)
  const all = isPrefix ? await listApprovals(context.catalog) : []
  const [found, second] = all.filter(({ id }) => id.startsWith(text))
  if (second !== undefined) {
    throw new BackupError('usage', `Several requests begin with ${text}.`, {
      hint: 'Say more of it.',
    })
  }
  if (found !== undefined) return found
  throw new BackupError('not-found', `There is no request ${JSON.stringify(text.slice(0, 40))}.`, {
    hint: 'backup-vault approvals list shows those there are; at least 8 digits of the id are needed.',
  })
}

/** @throws BackupError `approval-refused` for one's own, and for what is over or approved already */
export async function approve(
  context: ApprovalContext,
  text: string,
  key: OperatorKey,
): Promise<Approval> {
  await context.log.catchUp()
  const { id } = await oneApproval(context, text)
  await context.log.append(async () => {
    const approval = await oneApproval(context, id)
    const { name: approvedBy } = await operatorOf(context, key)
    await checkApprovable(context, approval, key)
    const digest = digestOfRequest(context.authority.serviceId, approval)
    const signature = key.sign(approveMessage(digest))
    return { kind: 'approval-given', id: fromHex(id) ?? new Uint8Array(16), approvedBy, signature }
  })
  return await oneApproval(context, id)
}

async function checkApprovable(
  context: ApprovalContext,
  approval: Approval,
  key: OperatorKey,
): Promise<void> {
  const state = stateOf(approval, context.clock.now())
  if (state !== 'waits') {
    const over = {
      approved: 'it is approved already',
      used: 'it was used',
      expired: 'it has expired',
    }
    throw approvalRefused(over[state], { hint: 'Whoever needs it asks anew.' })
  }
  const operators = await listOperators(context.catalog)
  const asker = operators.find((one) => isAskedBy(context, approval, one))
  if (asker === undefined) {
    throw approvalRefused('who asked is no operator any more', {
      hint: 'Somebody else may ask anew.',
    })
  }
  if (equalBytes(asker.publicKey, key.publicKey)) {
    throw approvalRefused('nobody approves what he asked for himself', {
      hint: 'Another operator has to, with a key of his own.',
    })
  }
}
