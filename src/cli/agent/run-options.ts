/** What can be said of a run. */

import type { LineLimits } from './line.ts'

export interface RunOptions extends LineLimits {
  readonly dryRun?: true
  readonly ifDue?: true
  readonly verifyAll?: true
  readonly keepUntil?: number
  readonly threads?: number
  readonly detach?: true
  readonly background?: true
  readonly wait?: number | undefined
}
