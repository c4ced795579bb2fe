/** The line to the vault, as fast as the policy of a source lets it be, or the command line; changes of the policy hold while a run goes on. */

import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { createThrottle, type Throttle } from '../../agent/connection/throttle.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { localTimeZone } from '../../config/local-time-zone.ts'
import { parseRate, ratesAt, type LineRates, type ThrottleSettings } from '../../policy/throttle.ts'

export interface Line {
  readonly throttle: Throttle
  /** From now on this source's policy holds. */
  use(source: string): Promise<void>
  close(): void
}

/** Of one command, whatever the policy says; null: no limit, undefined: as by the policy. */
export interface LineLimits {
  readonly limitUpload?: number | null
  readonly limitDownload?: number | null
}

export const addLimitOptions = (command: Command): Command =>
  command
    .option('--limit-upload <rate>', 'for this command, as in 10Mbit, or none', parseRate)
    .option('--limit-download <rate>', 'the same for what comes from the vault', parseRate)

export const lineLimits = (command: Command): LineLimits => command.opts<LineLimits>()

const lookEveryMs = 1_000

export function openLine(state: AgentState, { limitUpload, limitDownload }: LineLimits): Line {
  const timeZone = localTimeZone()
  let settings: ThrottleSettings | undefined
  let used: string | undefined
  let rates: LineRates = { upload: null, download: null }
  const reckon = () => {
    const held = settings && ratesAt(settings, systemClock.now(), timeZone)
    rates = {
      upload: limitUpload === undefined ? (held?.upload ?? null) : limitUpload,
      download: limitDownload === undefined ? (held?.download ?? null) : limitDownload,
    }
  }
  const look = async () => {
    if (used !== undefined) settings = (await state.loadPolicy())[used]?.throttle
    reckon()
  }
  // A policy that was spoilt is no reason to change the settings, but the hour may change the rate.
  const timer = setInterval(() => void look().catch(reckon), lookEveryMs)
  timer.unref()
  reckon()
  return {
    throttle: createThrottle({
      rateOf: (direction) => rates[direction],
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
