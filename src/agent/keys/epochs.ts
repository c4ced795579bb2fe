/** The epoch that a machine seals in, and what a hardened one has left of its key. */

import type { Secret } from '../../base/secret.ts'
import { fromHex } from '../../base/bytes.ts'
import { advanceKey, epochOfKey, hardenKey, isHardened } from '../../crypto/held-key.ts'
import type { AgentState, Registration } from '../state/state.ts'
import type { KeyStore } from './key-store.ts'

export interface HeldKey {
  readonly registration: Registration
  /** Of its key store, narrowed. */
  readonly heldKey: Secret
}

export interface KeyPlace {
  readonly state: AgentState
  readonly store: KeyStore
  readonly nowMs: number
}

/** 32 bytes. */
export const repositoryIdOf = ({ repositoryId }: Pick<Registration, 'repositoryId'>): Uint8Array =>
  fromHex(repositoryId) ?? new Uint8Array(32)

/** A hardened machine uses no more than it keeps, also where the passphrase gives it all: `key` is overwritten then. */
export function narrowKey(key: Secret, registration: Registration): Secret {
  if (registration.hardened === undefined || isHardened(key)) return key
  try {
    return hardenKey(key, repositoryIdOf(registration), registration.epoch ?? 0)
  } finally {
    key.dispose()
  }
}

/** What a machine has reached, whether its key store or its registration is the older one. */
export const epochOf = ({ registration, heldKey }: HeldKey): number =>
  Math.max(registration.epoch ?? 0, isHardened(heldKey) ? epochOfKey(heldKey) : 0)

/** Whether a hardened machine is to begin a new epoch: in each month one. */
export const isEpochOver = ({ hardened }: Registration, nowMs: number): boolean =>
  hardened !== undefined && hardened.month !== monthOf(nowMs)

export const monthOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 7)

/**
 * Begins an epoch. When it comes back, a hardened machine can open nothing of earlier ones; `heldKey` is overwritten.
 * Interrupted, it is in the one or in the other.
 */
export async function beginEpoch(
  held: HeldKey,
  epoch: number,
  { state, store, nowMs }: KeyPlace,
): Promise<HeldKey> {
  const { registration } = held
  const isKept = isHardened(held.heldKey)
  const heldKey = isKept ? advanceKey(held.heldKey, epoch) : held.heldKey
  if (isKept) {
    if (store.kind !== 'none') await store.save(heldKey)
    held.heldKey.dispose()
  }
  // Another process may have renewed the certificate meanwhile.
  const after = await state.registration.update((saved) => ({
    ...(saved ?? registration),
    epoch,
    // Hardening that was interrupted after the key store had given up the master key ends here.
    ...((isKept || registration.hardened) && { hardened: { month: monthOf(nowMs) } }),
  }))
  return { registration: after, heldKey }
}
