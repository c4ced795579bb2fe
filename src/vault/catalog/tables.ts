/**
 * The catalog: what the vault looks up on every request. It is a cache of the object store and its log:
 * losing it, or going back to an older copy, loses nothing but time.
 */

import type { Generated, Kysely, Selectable } from 'kysely'
import type {
  MachineId,
  ObjectId,
  ObjectKind,
  RecordHash,
  SourceName,
  VaultId,
} from '../../model/ids.ts'
import type { Access, CredentialPurpose, DeletionCause, Immutability } from '../records/entries.ts'

/** All times are ms since 1970, by the vault's clock. */
export interface Tables {
  meta: { key: string; value: string }
  vaults: {
    id: VaultId
    name: string
    createdAt: number
    softDeleteDays: number
    immutability: Immutability
  }
  machines: {
    id: MachineId
    vaultId: VaultId
    name: string
    requestId: string
    serial: number
    registeredAt: number
    /** Names are taken by active machines only; a deleted one's data is marked for collection. */
    state: 'active' | 'retired' | 'deleted'
    /** 1: no policy keeps its points any more. */
    isGivenUp: 0 | 1
  }
  certificates: {
    /** SHA-256 of the DER, hexadecimal. */
    fingerprint: string
    machineId: MachineId
    access: Access
    notAfter: number
    requestId: string
    /** PEM. */
    certificate: string
    /** Fingerprint of the one before it. */
    renews: string | null
    issuedAt: number
    revokedAt: number | null
  }
  credentials: {
    vaultId: VaultId
    serial: number
    purpose: CredentialPurpose
    machineId: MachineId | null
    /** SPKI, DER. */
    publicKey: Uint8Array
    issuedAt: number
    expiresAt: number
    revokedAt: number | null
  }
  recoveryTries: { number: Generated<number>; machineId: MachineId; at: number; ok: 0 | 1 }
  /** Authorities that follow the first one. */
  authorities: { number: Generated<number>; certificate: string; addedAt: number }
  objects: {
    machineId: MachineId
    repository: number
    id: ObjectId
    kind: ObjectKind
    sizeBytes: number
    receivedAt: number
    /** Last sent or asked for: unreferenced uploads are kept for 30 days from then. */
    askedAt: number
    /** When a commit last named it, 0 before. */
    namedAt: number
    /** Staged: no point names it yet. */
    state: 'staged' | 'live' | 'trash' | 'damaged'
    purgeAt: number | null
  }
  /** Copies in the trash; what bears their names meanwhile is another copy. */
  trash: {
    /** Number of the record of the log that put it there. */
    decision: number
    machineId: MachineId
    repository: number
    kind: ObjectKind
    id: ObjectId
    decidedAt: number
    purgeAt: number
    /** 1: its purge is in the log. */
    isPurged: 0 | 1
  }
  points: {
    machineId: MachineId
    source: SourceName
    seq: number
    hash: RecordHash
    repository: number
    committedAt: number
    /** Joined by commas: `daily,weekly`. */
    tags: string
    retainUntil: number
    lockUntil: number
    recordNumber: number
    commit: Uint8Array
    record: Uint8Array
  }
  /** Points that were deleted at some time; a point without a row is kept. */
  pointStates: {
    machineId: MachineId
    source: SourceName
    seq: number
    /** Kept: taken back. */
    state: 'kept' | 'deleted' | 'removed'
    cause: DeletionCause
    changedAt: number
    /** Deleted: can be taken back until then. Kept: does not expire before. */
    until: number
  }
  /** Policies of sources that are, or were, or will be in force. */
  retentions: {
    machineId: MachineId
    source: SourceName
    /** Of the record that set it. */
    number: number
    /** JSON. */
    policy: string
    setAt: number
    /** Later than `setAt`: it is shorter. */
    from: number
  }
  /** Points that somebody wants until a time. */
  wanted: { machineId: MachineId; source: SourceName; seq: number; until: number }
  holds: {
    machineId: MachineId
    /** Empty: all sources. */
    source: SourceName | ''
    /** 0: all points. */
    seq: number
    note: string
    setAt: number
  }
  pins: {
    /** Of the request that it is for, hexadecimal. */
    digest: string
    machineId: MachineId
    operation: string
    salt: Uint8Array
    hash: Uint8Array
    issuedAt: number
    expiresAt: number
    tries: number
    usedAt: number | null
  }
  /** Requests that were refused for want of a PIN. Not in the log: they can be made again. */
  pinRequests: {
    digest: string
    machineId: MachineId
    operation: string
    body: Uint8Array
    askedAt: number
  }
  operators: { name: string; publicKey: Uint8Array; addedAt: number }
  /** What an operator asked for that needs two. */
  approvals: {
    /** 32 hexadecimal digits. */
    id: string
    operation: string
    subject: string
    text: string
    askedBy: string
    /** Signature of who asked. */
    asking: Uint8Array
    askedAt: number
    expiresAt: number
    approvedBy: string | null
    /** Signature of who approved. */
    approval: Uint8Array | null
    approvedAt: number | null
    usedAt: number | null
  }
  /** Key slots that open nothing any more. */
  deletedSlots: { machineId: MachineId; repository: number; slot: number; until: number }
  runs: { machineId: MachineId; id: string; report: string; updatedAt: number }
  /** Of machines that have told of a run: src/policy/lineage.ts. */
  lineages: {
    machineId: MachineId
    current: string
    /** Joined by commas. */
    left: string
    clonedAt: number | null
    splitAt: number | null
  }
  events: {
    cursor: Generated<number>
    machineId: MachineId
    repository: number
    kind: 'damaged' | 'trashed' | 'purged'
    id: ObjectId
  }
}

/** The catalog, or a transaction in it. */
export type Catalog = Kysely<Tables>
export type Row<Name extends keyof Tables> = Selectable<Tables[Name]>

/** Raised with every change of the tables; a catalog of another version is rebuilt. */
export const catalogVersion = 8

export const tableStatements: readonly string[] = [
  `create table "meta" ("key" text primary key, "value" text not null) without rowid`,
  `create table "vaults" ("id" text primary key, "name" text not null unique, "createdAt" integer not null,
     "softDeleteDays" integer not null, "immutability" text not null) without rowid`,
  `create table "machines" ("id" text primary key, "vaultId" text not null, "name" text not null, "requestId" text not null,
     "serial" integer not null, "registeredAt" integer not null, "state" text not null, "isGivenUp" integer not null) without rowid`,
  `create unique index "machineNames" on "machines" ("vaultId", "name") where "state" = 'active'`,
  `create table "certificates" ("fingerprint" text primary key, "machineId" text not null, "access" text not null,
     "notAfter" integer not null, "requestId" text not null, "certificate" text not null, "renews" text,
     "issuedAt" integer not null, "revokedAt" integer) without rowid`,
  `create index "certificatesOfMachine" on "certificates" ("machineId")`,
  `create table "credentials" ("vaultId" text not null, "serial" integer not null, "purpose" text not null, "machineId" text,
     "publicKey" blob not null, "issuedAt" integer not null, "expiresAt" integer not null, "revokedAt" integer,
     primary key ("vaultId", "serial")) without rowid`,
  `create table "recoveryTries" ("number" integer primary key, "machineId" text not null, "at" integer not null, "ok" integer not null)`,
  `create index "triesOfMachine" on "recoveryTries" ("machineId", "at")`,
  `create table "authorities" ("number" integer primary key, "certificate" text not null, "addedAt" integer not null)`,
  `create table "objects" ("machineId" text not null, "repository" integer not null, "id" text not null, "kind" text not null,
     "sizeBytes" integer not null, "receivedAt" integer not null, "askedAt" integer not null, "namedAt" integer not null,
     "state" text not null,
     "purgeAt" integer, primary key ("machineId", "repository", "id")) without rowid`,
  `create table "trash" ("decision" integer not null, "machineId" text not null, "repository" integer not null,
     "kind" text not null, "id" text not null, "decidedAt" integer not null, "purgeAt" integer not null, "isPurged" integer not null,
     primary key ("decision", "id")) without rowid`,
  `create index "trashOfMachine" on "trash" ("machineId", "repository", "id")`,
  `create table "points" ("machineId" text not null, "source" text not null, "seq" integer not null, "hash" text not null,
     "repository" integer not null, "committedAt" integer not null, "tags" text not null, "retainUntil" integer not null,
     "lockUntil" integer not null, "recordNumber" integer not null, "commit" blob not null, "record" blob not null,
     primary key ("machineId", "source", "seq")) without rowid`,
  `create unique index "pointHashes" on "points" ("machineId", "hash")`,
  `create table "pointStates" ("machineId" text not null, "source" text not null, "seq" integer not null, "state" text not null,
     "cause" text not null, "changedAt" integer not null, "until" integer not null,
     primary key ("machineId", "source", "seq")) without rowid`,
  `create index "deletedPoints" on "pointStates" ("until") where "state" = 'deleted'`,
  `create table "retentions" ("machineId" text not null, "source" text not null, "number" integer not null, "policy" text not null,
     "setAt" integer not null, "from" integer not null, primary key ("machineId", "source", "number")) without rowid`,
  `create table "wanted" ("machineId" text not null, "source" text not null, "seq" integer not null, "until" integer not null,
     primary key ("machineId", "source", "seq")) without rowid`,
  `create table "holds" ("machineId" text not null, "source" text not null, "seq" integer not null, "note" text not null,
     "setAt" integer not null, primary key ("machineId", "source", "seq")) without rowid`,
  `create table "pins" ("digest" text primary key, "machineId" text not null, "operation" text not null, "salt" blob not null,
     "hash" blob not null, "issuedAt" integer not null, "expiresAt" integer not null, "tries" integer not null,
     "usedAt" integer) without rowid`,
  `create table "pinRequests" ("digest" text primary key, "machineId" text not null, "operation" text not null,
     "body" blob not null, "askedAt" integer not null) without rowid`,
  `create table "operators" ("name" text primary key, "publicKey" blob not null, "addedAt" integer not null) without rowid`,
  `create table "approvals" ("id" text primary key, "operation" text not null, "subject" text not null, "text" text not null,
     "askedBy" text not null, "asking" blob not null, "askedAt" integer not null, "expiresAt" integer not null,
     "approvedBy" text, "approval" blob, "approvedAt" integer, "usedAt" integer) without rowid`,
  `create table "deletedSlots" ("machineId" text not null, "repository" integer not null, "slot" integer not null,
     "until" integer not null, primary key ("machineId", "repository", "slot")) without rowid`,
  `create table "runs" ("machineId" text not null, "id" text not null, "report" text not null, "updatedAt" integer not null,
     primary key ("machineId", "id")) without rowid`,
  `create table "lineages" ("machineId" text primary key, "current" text not null, "left" text not null,
     "clonedAt" integer, "splitAt" integer) without rowid`,
  `create table "events" ("cursor" integer primary key autoincrement, "machineId" text not null, "repository" integer not null,
     "kind" text not null, "id" text not null)`,
  `create index "eventsOfMachine" on "events" ("machineId", "cursor")`,
]
