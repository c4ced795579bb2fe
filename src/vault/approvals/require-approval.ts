/**
 * The gate in front of what one operator must not do alone. While there are fewer than two operators it is open; then it
 * passes one request once, for who asked, after another operator has signed it.
 */

import { fromHex, toHex } from '../../base/bytes.ts'
import { hourMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { listApprovals, listOperators, type Approval, type Operator } from '../catalog/operators.ts'
import type { OperatorKey } from './operator-key.ts'
import { askMessage, digestOfRequest, type Wanted } from './request.ts'
import { isAskedBy, isSignedByTwo, operatorOf, stateOf, type ApprovalContext } from './state.ts'

export const approvalValidMs = 24 * hourMs

/**
 * What is allowed has to happen after this; where it fails, another approval is needed.
 * @throws BackupError `approval-required` with facts `{requestId, expiresAt}` once it was asked, `approval-refused`
 */
export async function requireApproval(
  context: ApprovalContext,
  wanted: Wanted,
  key: OperatorKey | undefined,
): Promise<void> {
  await context.log.catchUp()
  const operators = await listOperators(context.catalog)
  if (operators.length < 2) return
  if (key === undefined) throw keyMissing(operators)
  const written = await context.log.append(async () => {
    const asker = { key, operator: await operatorOf(context, key) }
    const { approved, waiting } = await findSame(context, wanted, asker.operator)
    if (approved !== undefined) return { kind: 'approval-used', id: idOf(approved.id) }
    return waiting === undefined ? ask(context, wanted, asker) : undefined
  })
  if (written?.entry.kind === 'approval-used') return
  throw await notYet(context, wanted, await operatorOf(context, key))
}

interface Same {
  readonly approved: Approval | undefined
  readonly waiting: Approval | undefined
}

/** Of this very operator, for the very same, and not over. */
async function findSame(
  context: ApprovalContext,
  { operation, subject, text }: Wanted,
  operator: Operator,
): Promise<Same> {
  const nowMs = context.clock.now()
  const all = await listApprovals(context.catalog)
  const same = all.filter(
    (one) =>
      one.operation === operation &&
      one.subject === subject &&
      one.text === text &&
      isAskedBy(context, one, operator),
  )
  const operators = await listOperators(context.catalog)
  return {
    approved: same.find(
      (one) => stateOf(one, nowMs) === 'approved' && isSignedByTwo(context, one, operators),
    ),
    waiting: same.find((one) => stateOf(one, nowMs) === 'waits'),
  }
}

interface Asker {
  readonly key: OperatorKey
  readonly operator: Operator
}

function ask(context: ApprovalContext, wanted: Wanted, { key, operator }: Asker) {
  const id = context.random(16)
  const expiresAt = context.clock.now() + approvalValidMs
  const asked = { ...wanted, askedBy: operator.name, expiresAt }
  const digest = digestOfRequest(context.authority.serviceId, { ...asked, id: toHex(id) })
  return { kind: 'approval-asked', ...asked, id, signature: key.sign(askMessage(digest)) } as const
}

async function notYet(
  context: ApprovalContext,
  wanted: Wanted,
  operator: Operator,
): Promise<BackupError> {
  const { waiting } = await findSame(context, wanted, operator)
  const { id = '', expiresAt = 0 } = waiting ?? {}
  return new BackupError(
    'approval-required',
    'Nothing was done yet: a second operator has to agree.',
    {
      hint: `Another operator: backup-vault approvals approve ${id.slice(0, 12)} --operator-key FILE. Then repeat this command as it is.`,
      facts: { requestId: id, expiresAt },
    },
  )
}

const keyMissing = (operators: readonly Operator[]): BackupError =>
  new BackupError('approval-required', 'Nothing was done: two operators have to agree on this.', {
    hint: `Say who asks, with --operator-key FILE. Operators: ${operators.map(({ name }) => name).join(', ')}.`,
  })

const idOf = (id: string): Uint8Array => fromHex(id) ?? new Uint8Array(16)
