/** A source's policy of retention: longer ones hold at once, shorter ones wait, and need the operator's word. */

import { isDeepStrictEqual } from 'node:util'
import { BackupError } from '../../base/errors.ts'
import type { RecordHash, SourceName } from '../../model/ids.ts'
import type { RetentionAnswer, RetentionRequest } from '../../protocol/messages.ts'
import { checkRetention, isShorter, latestRetention } from '../../policy/retention.ts'
import { retentionChanges } from '../catalog/retentions.ts'
import { findVault } from '../catalog/vaults.ts'
import { laterTime } from '../clock/vault-time.ts'
import type { Namespace } from '../objects/keys.ts'
import type { RetentionContext } from './context.ts'
import { findAll } from './delete-points.ts'
import { softDeleteMs } from './judge-source.ts'
import { isImmutableVault, policyInForce } from './rules.ts'

export async function readPolicy(
  context: RetentionContext,
  space: Namespace,
  source: SourceName,
): Promise<RetentionAnswer> {
  const of = { machineId: space.machineId, source }
  const { current, pending } = await policyInForce(context.catalog, of, await laterTime(context))
  return retentionAnswer({ policy: current, pending: pending ?? null })
}

/** Arrays of policies are read-only, those of messages are not. */
const retentionAnswer = (answer: unknown): RetentionAnswer => answer as RetentionAnswer

/** So many of a source are in the log: a flood of them would be read for ever. */
const mostChanges = 1_000

/**
 * `allow` is asked where something would be kept for less time: then the change waits for as long as what is deleted can be
 * taken back.
 * @throws BackupError `usage`; `retention-refused` for shortening in an immutable vault
 */
export async function changePolicy(
  context: RetentionContext,
  { space, source, policy }: RetentionRequest & { readonly space: Namespace },
  allow: () => Promise<void>,
): Promise<RetentionAnswer> {
  checkRetention(policy)
  const of = { machineId: space.machineId, source }
  if (await isShorterNow(context, space, { source, policy })) await allow()
  await context.log.append(async () => {
    const nowMs = await laterTime(context)
    if ((await retentionChanges(context.catalog, of)).length >= mostChanges) throw tooMany()
    const { current, pending } = await policyInForce(context.catalog, of, nowMs)
    if (pending === undefined && isDeepStrictEqual(current, policy)) return undefined
    const shorter = await isShorterNow(context, space, { source, policy })
    const waitMs = shorter ? await softDeleteMs(context.catalog, space.vaultId) : 0
    // The log says when it was set by the clock as it is: what is not shorter must not seem to wait.
    const from = shorter ? nowMs + waitMs : Math.min(nowMs, context.clock.now())
    return { kind: 'retention-set', ...of, policy: JSON.stringify(policy), from }
  })
  return await readPolicy(context, space, source)
}

const tooMany = (): BackupError =>
  new BackupError('retention-refused', `The policy was changed ${mostChanges} times already.`)

async function isShorterNow(
  context: RetentionContext,
  space: Namespace,
  { source, policy }: RetentionRequest,
): Promise<boolean> {
  const of = { machineId: space.machineId, source }
  const { current } = await policyInForce(context.catalog, of, await laterTime(context))
  if (!isShorter(policy, current)) return false
  if (!isImmutableVault(await findVault(context.catalog, space.vaultId))) return true
  throw new BackupError('retention-refused', 'The vault is immutable: no retention is shortened.')
}

/** Nothing is shorter afterwards than it was. */
export async function cancelPending(
  context: RetentionContext,
  space: Namespace,
  source: SourceName,
): Promise<RetentionAnswer> {
  const of = { machineId: space.machineId, source }
  await context.log.append(async () => {
    const { pending } = await policyInForce(context.catalog, of, await laterTime(context))
    return pending && { kind: 'retention-cancelled', ...of }
  })
  return await readPolicy(context, space, source)
}

export interface WantedPoints {
  readonly space: Namespace
  readonly ids: readonly RecordHash[]
  readonly until: number
}

/** Points are to be kept until a time, 99 years at most. @throws BackupError `unknown-point`, `usage` */
export async function keepPoints(
  context: RetentionContext,
  { space, ids, until }: WantedPoints,
): Promise<void> {
  if (until > latestRetention(await laterTime(context))) {
    throw new BackupError('usage', 'A point can not be kept for more than 99 years.')
  }
  const points = await findAll(context, { space, ids })
  for (const source of new Set(points.map((point) => point.source))) {
    const seqs = points.filter((point) => point.source === source).map(({ seq }) => seq)
    const { machineId } = space
    await context.log.append(() => ({ kind: 'points-wanted', machineId, source, seqs, until }))
  }
}
