/** Numbers that a recovery is started with and ended with: each is good once, for ten minutes, for the request that asked for it. */

import { toHex, type RandomBytes } from '../../base/bytes.ts'
import { minuteMs, type Clock } from '../../base/clock.ts'
import type { VaultId } from '../../model/ids.ts'

export const nonceLifeMs = 10 * minuteMs
const maxOpen = 1_000

export interface StartedRecovery {
  readonly vaultId: VaultId
  readonly serial: number
  readonly requestId: string
}

export interface RecoveryNonces {
  /** 64 hexadecimal digits. */
  issue(started: StartedRecovery): string
  /** Whether it was issued for this and not used since; it is used from now on. */
  use(nonce: string, started: StartedRecovery): boolean
}

/** In memory, and bounded: the oldest give way. */
export function createRecoveryNonces(clock: Clock, random: RandomBytes): RecoveryNonces {
  const open = new Map<string, StartedRecovery & { readonly expiresAt: number }>()
  return {
    issue: (started) => {
      const nonce = toHex(random(32))
      open.set(nonce, { ...started, expiresAt: clock.now() + nonceLifeMs })
      dropOldest(open)
      return nonce
    },
    use: (nonce, started) => {
      const found = open.get(nonce)
      open.delete(nonce)
      return found !== undefined && clock.now() < found.expiresAt && isSame(found, started)
    },
  }
}

function dropOldest(open: Map<string, unknown>): void {
  for (const nonce of open.keys()) {
    if (open.size <= maxOpen) return
    open.delete(nonce)
  }
}

const isSame = (a: StartedRecovery, b: StartedRecovery): boolean =>
  a.vaultId === b.vaultId && a.serial === b.serial && a.requestId === b.requestId
