/** What a section of the policy file is: it reads its part, writes it back, and says what a change of it does. */

import type { SourcePolicy } from '../state/policy-state.ts'
import type { Place } from './place.ts'

export interface PolicySection {
  /** Under which its part stands in the file. */
  readonly key: string
  /**
   * The settings that its part of the file says; `place` is undefined where the file has no such part, which means the
   * default, so that a file says all there is to say.
   * @throws BackupError `policy-invalid`, by the place
   */
  readonly read: (place: Place | undefined, context: ReadContext) => Partial<SourcePolicy>
  /** Its part of the file, as lists, objects and texts; undefined where all is as by default. Reading it gives the same settings. */
  readonly write: (policy: SourcePolicy) => unknown
  /** Sentences on what a change of this section does to the points that are kept, and to the next run. */
  readonly effects?: (old: SourcePolicy, wanted: SourcePolicy) => readonly string[]
}

export interface ReadContext {
  readonly platform: NodeJS.Platform
  /** What holds until now: what a file leaves open, as in which of two weeks it is, stays. */
  readonly old: SourcePolicy
  readonly nowMs: number
  /** Where the machine is. */
  readonly timeZone: string
}
