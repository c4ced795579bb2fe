/** What a run is given, and what one attempt at its point adds to that. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/secret.ts'
import type { ObjectId, SourceName } from '../../model/ids.ts'
import type { CaptureFingerprint, Selection, SystemName } from '../../model/manifest.ts'
import type { SelectionSettings } from '../../policy/selection.ts'
import type { CompactionPlan } from '../../policy/compaction.ts'
import type { StartLane } from '../contents/lane.ts'
import type { IndexFiles } from '../cache/index-files.ts'
import type { SourceCache } from '../cache/source-cache.ts'
import type { Repository } from '../../repository/repository.ts'
import type { BasePoint, Head } from './base-point.ts'
import type { Changes } from './changed-directories.ts'
import type { Watched } from './watched.ts'
import type { PackJournal } from './pack-journal.ts'
import type { SelectionNode } from './selection.ts'

export interface BackupRun {
  readonly repository: Repository
  readonly source: SourceName
  readonly selection: Selection
  readonly selectionTree: SelectionNode
  readonly selectionSettings: SelectionSettings
  /** The directory of this agent's own cache: it is made anew, and changes while it is read. */
  readonly ownCache: string
  readonly capture: CaptureFingerprint
  /** As the key store gives it: the threads derive their keys themselves. */
  readonly heldKey: Secret
  /** Called when points turn out to be of a later epoch than this machine's: from then on it is in that one. */
  readonly raiseEpoch: (epoch: number) => Promise<Pick<BackupRun, 'repository' | 'heldKey'>>
  /** Threads that read files, at most. */
  readonly threads: number
  /** Of compression: zstd's. */
  readonly level: number
  readonly startThread: StartLane
  readonly compaction: {
    /** When packs were last looked through. */
    readonly lastMs: number
    readonly saveLast: (lastMs: number) => Promise<void>
  }
  readonly journal: PackJournal
  readonly cache: SourceCache
  readonly watched: Watched
  readonly indexFiles: IndexFiles
  /** PEM certificates of the vault's authority: from the registration. */
  readonly authorities: readonly string[]
  /** The newest point that this machine has seen of the source. */
  readonly seen: Head | undefined
  readonly saveHead: (head: Head) => Promise<void>
  readonly host: {
    readonly name: string
    readonly agentVersion: string
    readonly system: SystemName
  }
  readonly clock: Clock
  readonly random: RandomBytes
  readonly signal: AbortSignal
  readonly startedMs: number
  readonly dryRun: boolean
  /** Open every segment again before it is sent. */
  readonly verifyAll: boolean
  readonly progress: (progress: BackupProgress) => void
  /** Called at the end of each attempt, whatever came of it: all traffic up to then. */
  readonly onTraffic: (traffic: Traffic) => void
  readonly warn: (message: string) => void
}

/** The traffic is that of all attempts. */
export interface BackupProgress extends Traffic {
  /** `ending`: all is looked at; what is begun is read, sent and committed. */
  readonly phase: 'working' | 'ending'
  readonly path: string
  readonly files: number
  /** Of the previous point: about as many are to come. */
  readonly expectedFiles: number | undefined
}

/** What went through the machine, point or no point. */
export interface Traffic {
  readonly bytesRead: number
  readonly bytesSent: number
  readonly bytesStored: number
}

export interface AttemptOptions {
  readonly base: BasePoint
  /** Objects that the vault has said it does not have. */
  readonly gone: ReadonlySet<ObjectId>
  /** Believe nothing of what the previous point needs: a repeated attempt. */
  readonly exact: boolean
  /** Where to look: of a run by the journal. */
  readonly changes: Changes | undefined
  /** Packs out of which it carries what it takes over. */
  readonly compaction: CompactionPlan | undefined
  /** Called once, when the attempt is over, whatever came of it. */
  readonly onEnd: (traffic: Traffic) => void
}
