/** What a repository needs of a vault. The agent implements it over HTTPS. */

import type {
  MachineId,
  ObjectId,
  ObjectKind,
  RecordHash,
  SourceName,
  VaultId,
} from '../model/ids.ts'
import type {
  ChangedPoint,
  ObjectListing,
  RepositoryBeginning,
  PointState,
  RetentionAnswer,
  RetentionPlanAnswer,
  RetentionRequest,
  RunAnswer,
  ToldRun,
  ServiceAnswer,
  SlotChange,
} from '../protocol/messages.ts'

export interface ByteRange {
  readonly start: number
  /** First byte that is not wanted any more. */
  readonly end: number
}

/** A point as the vault keeps it; both byte strings still have to be decoded and checked. */
export interface StoredPointBytes {
  readonly source: SourceName
  readonly seq: number
  readonly commit: Uint8Array
  readonly record: Uint8Array
  /** What the vault says of it; kept, if it says nothing. */
  readonly state?: PointState
  /** Of a deleted point: it can be taken back until then. */
  readonly deletedUntil?: number | null
}

export interface SourceHead {
  readonly source: SourceName
  readonly headSeq: number
  readonly headHash: RecordHash
}

/** Who is connected: from the local registration, so that nothing is believed that the vault says of it. */
export interface ConnectionIdentity {
  readonly vaultId: VaultId
  readonly machineId: MachineId
}

/**
 * Every call rejects with a BackupError: `unreachable` and `vault-busy` may be repeated, `not-found` where nothing is there.
 * Whole objects are checked against their id before they are returned; ranges are not.
 */
export interface VaultConnection {
  readonly identity: ConnectionIdentity
  service(): Promise<ServiceAnswer>

  repositories(): Promise<readonly number[]>
  /**
   * The machine's next repository; key slots of the ones before open nothing from then on. The same bytes again change nothing.
   * @throws BackupError `pin-required` with facts `{requestCode}`, `pin-refused`
   */
  beginRepository(repository: number, beginning: RepositoryBeginning, pin?: string): Promise<void>
  configs(repository: number): Promise<readonly number[]>
  config(repository: number, number: number): Promise<Uint8Array>
  putConfig(repository: number, number: number, bytes: Uint8Array): Promise<void>
  slots(repository: number): Promise<readonly number[]>
  slot(repository: number, number: number): Promise<Uint8Array>
  /** The number that the next slot has to have. */
  nextSlot(repository: number): Promise<number>
  /**
   * Adds a slot and removes others; the same bytes again for the same PIN.
   * @throws BackupError `pin-required` with facts `{requestCode}`, `pin-refused`
   */
  changeSlots(repository: number, change: SlotChange, pin?: string): Promise<void>
  putSlot(repository: number, number: number, bytes: Uint8Array): Promise<void>

  /**
   * Resolves when the vault has acknowledged the object as durable; `present` when it had it before. Once begun it ends with
   * `signal`, not with the connection's.
   */
  putObject(
    repository: number,
    object: NewObject,
    signal?: AbortSignal,
  ): Promise<'stored' | 'present'>
  object(repository: number, id: ObjectId): Promise<Uint8Array>
  objectRange(repository: number, id: ObjectId, range: ByteRange): Promise<Uint8Array>
  /** All present objects of a repository, of one kind if given. */
  objects(repository: number, kind?: ObjectKind): AsyncIterable<ObjectListing>
  /** Those of `ids` (any number) that a commit could not name. */
  missing(repository: number, ids: readonly ObjectId[]): Promise<readonly ObjectId[]>

  sources(): Promise<readonly SourceHead[]>
  /** All points, or those of one source, ascending by source and seq. */
  points(source?: SourceName): AsyncIterable<StoredPointBytes>
  /**
   * Creates the recovery point.
   * @throws BackupError `commit-missing` with facts `{missing: ObjectId[], more: boolean}`, `head-moved` with facts `{headSeq, headHash}`
   */
  putPoint(source: SourceName, seq: number, commit: Uint8Array): Promise<StoredPointBytes>

  /**
   * Deletes points, so that they can be taken back for a while.
   * @throws BackupError `pin-required` with facts `{requestCode}`, `pin-refused`, `retention-refused`, `unknown-point`
   */
  deletePoints(ids: readonly RecordHash[], pin?: string): Promise<readonly ChangedPoint[]>
  undeletePoints(ids: readonly RecordHash[]): Promise<readonly ChangedPoint[]>
  /** What goes within so many days; null: all points, also those that stay. */
  retentionPlan(days: number | null): Promise<RetentionPlanAnswer>

  retention(source: SourceName): Promise<RetentionAnswer>
  /**
   * Longer: at once. Shorter: after a while.
   * @throws BackupError `pin-required` with facts `{requestCode}`, `pin-refused`, `retention-refused`, `usage`
   */
  setRetention(request: RetentionRequest, pin?: string): Promise<RetentionAnswer>
  cancelRetention(source: SourceName): Promise<RetentionAnswer>
  /** Until then they do not expire, whatever policies say. */
  keepPoints(ids: readonly RecordHash[], untilMs: number): Promise<void>
  /** Everything that the machine has kept: goes as its locks end. @throws BackupError as setRetention */
  giveUpData(pin?: string): Promise<void>

  putRun(id: string, report: ToldRun): Promise<RunAnswer>
  unregister(): Promise<void>
  close(): Promise<void>
}

export interface NewObject {
  readonly kind: ObjectKind
  readonly id: ObjectId
  readonly bytes: Uint8Array
}
