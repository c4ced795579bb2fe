/** What a run and whoever watches its source say to each other. */

import type { RecordHash } from '../../model/ids.ts'
import type { Dirty } from './changed-directories.ts'
import type { Misfit } from './changes.ts'

/** Why a run looks everywhere: what the watcher says, what the run finds, and what comes up while it goes by the journal. */
export const watcherReasons = [
  'starting',
  'overflow',
  'watch-limit',
  'too-many-directories',
  'too-many-changes',
  'file-system',
  'moved',
  'policy-changed',
  'busy',
] as const
export type WatcherReason = (typeof watcherReasons)[number]
export type ScanReason =
  | WatcherReason
  | Misfit
  | 'not-watched'
  | 'silent'
  | 'off'
  | 'daily'
  | 'other-base'
  | 'capture'
  | 'cache'
  | 'left-out'
  | 'selection'
  | 'repeated'

export type Scan =
  | { readonly kind: 'journal'; readonly directories: number }
  | { readonly kind: 'full'; readonly reason: ScanReason }

/** What the watcher knows; `token` stands for the moment at which it was asked. */
export type WatchAnswer =
  | { readonly kind: 'scan'; readonly reason: ScanReason; readonly token?: string | undefined }
  | {
      readonly kind: 'changes'
      readonly token: string
      readonly base: Watermark
      readonly dirty: readonly Dirty[]
    }

/** The point that holds everything up to the changes. */
export interface Watermark {
  readonly point: RecordHash
  /** When the last run that looked everywhere began. */
  readonly fullMs: number
  readonly hasLinks: boolean
}

/** Whoever watches the source. */
export interface Watched {
  /** What changed up to now. Asked before the run looks at anything. */
  ask(): Promise<WatchAnswer>
  /** A point holds what had changed at that moment. */
  tell(token: string, base: Watermark): Promise<void>
}
