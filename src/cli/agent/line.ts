/** The line to the vault, as fast as the policy of a source lets it be; changes of the policy hold while a run goes on. */

import { systemClock } from '../../base/clock.ts'
import { createThrottle, type Throttle } from '../../agent/connection/throttle.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { ratesAt, type ThrottleSettings } from '../../policy/throttle.ts'

export interface Line {
  readonly throttle: Throttle
  /** From now on this source's policy holds. */
  use(source: string): Promise<void>
  close(): void
}

const lookEveryMs = 5_000

export function openLine(state: AgentState): Line {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  let settings: ThrottleSettings | undefined
  let used: string | undefined
  const look = async () => {
    if (used !== undefined) settings = (await state.loadPolicy())[used]?.throttle
  }
  // A policy that is being changed, or was spoilt, is no reason to change the rate.
  const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs)
  timer.unref()
  return {
    throttle: createThrottle({
      rateOf: (direction) =>
        settings === undefined ? null : ratesAt(settings, systemClock.now(), timeZone)[direction],
      now: () => performance.now(),
    }),
    use: async (source) => {
      used = source
      await look()
    },
    close: () => {
      clearInterval(timer)
    },
  }
}
