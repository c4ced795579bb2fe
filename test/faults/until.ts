/** Waits for what another process does. */

import { setTimeout as pause } from 'node:timers/promises'

const stepMs = 5
const mostSteps = 12_000

/** Resolves as soon as `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let step = 0; step < mostSteps; step++) {
    if (condition()) return
    await pause(stepMs)
  }
  throw new Error(`In vain it was waited that ${what}.`)
}
