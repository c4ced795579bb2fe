/** Which policies keep the points of a source at a time: by the changes that the log tells of. */

import { retentionPolicySchema } from '../../protocol/messages.ts'
import { defaultRetention, type RetentionPolicy } from '../../policy/retention.ts'
import type { RetentionRules } from '../../policy/retention-verdict.ts'
import type { Machine } from '../catalog/machines.ts'
import type { SourceOf } from '../catalog/points.ts'
import { retentionChanges, type RetentionChange } from '../catalog/retentions.ts'
import type { Catalog, Row } from '../catalog/tables.ts'
import { findVault } from '../catalog/vaults.ts'

export interface PolicyInForce {
  readonly current: RetentionPolicy
  /** Shorter in something: in force from then on. */
  readonly pending: { readonly policy: RetentionPolicy; readonly from: number } | undefined
  /** What was recorded at commits before does not count any more. */
  readonly promisesSince: number
}

export async function policyInForce(
  catalog: Catalog,
  of: SourceOf,
  nowMs: number,
): Promise<PolicyInForce> {
  const changes = await retentionChanges(catalog, of)
  const inForce = changes.filter(({ from }) => from <= nowMs)
  const pending = changes.find(({ from }) => from > nowMs)
  const shortened = inForce.filter(({ from, setAt }) => from > setAt)
  return {
    current: policyOf(inForce.at(-1)) ?? defaultRetention,
    pending: pending && { policy: policyOf(pending) ?? defaultRetention, from: pending.from },
    promisesSince: Math.max(0, ...shortened.map(({ from }) => from)),
  }
}

const policyOf = (change: RetentionChange | undefined): RetentionPolicy | undefined =>
  change && retentionPolicySchema.parse(JSON.parse(change.policy))

export interface SourceOfMachine {
  readonly machine: Machine
  readonly source: SourceOf['source']
}

/**
 * A pending policy counts beside the one in force: the longer of the two. In an immutable vault nothing is given up, and what
 * was recorded at a commit holds for ever.
 */
export async function rulesFor(
  catalog: Catalog,
  { machine, source }: SourceOfMachine,
  nowMs: number,
): Promise<RetentionRules> {
  const isImmutable = isImmutableVault(await findVault(catalog, machine.vaultId))
  if (machine.isGivenUp === 1 && !isImmutable) return { policies: [], promisesSince: Infinity }
  const { current, pending, promisesSince } = await policyInForce(
    catalog,
    { machineId: machine.id, source },
    nowMs,
  )
  const policies = pending === undefined ? [current] : [current, pending.policy]
  return { policies, promisesSince: isImmutable ? 0 : promisesSince }
}

export const isImmutableVault = (vault: Row<'vaults'> | undefined): boolean =>
  vault !== undefined && vault.immutability !== 'off'
