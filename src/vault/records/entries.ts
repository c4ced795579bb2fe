/** What the vault writes into its own log, and how each kind lies in a record's payload (docs/format.md 11.1). */

import { objectKinds } from '../../model/ids.ts'
import {
  booleanField,
  bytesField,
  choiceField,
  machineIdField,
  objectIdField,
  objectIdsField,
  optional,
  seqsField,
  sourceField,
  textField,
  uintField,
  vaultIdField,
  type PayloadOf,
} from './fields.ts'

export const credentialPurposes = ['register', 'recover'] as const
export type CredentialPurpose = (typeof credentialPurposes)[number]
export const accesses = ['full', 'read-only'] as const
export type Access = (typeof accesses)[number]

export const deletionCauses = ['asked', 'expired'] as const
export type DeletionCause = (typeof deletionCauses)[number]

/** On: nothing is deleted or shortened before its time. Locked: and that can not be ended. */
export const immutabilities = ['off', 'on', 'locked'] as const
export type Immutability = (typeof immutabilities)[number]

const immutabilityField = choiceField(immutabilities)
const causeField = choiceField(deletionCauses)
const kindField = choiceField(objectKinds)
const purposeField = choiceField(credentialPurposes)
const accessField = choiceField(accesses)

/** Keys of a payload never change their meaning; new fields take new keys and are optional. */
export const entryShapes = {
  'vault-created': { vaultId: [0, vaultIdField], name: [1, textField] },
  'address-set': { address: [0, textField], port: [1, uintField] },
  'credential-issued': {
    vaultId: [0, vaultIdField],
    serial: [1, uintField],
    purpose: [2, purposeField],
    machineId: [3, optional(machineIdField)],
    /** SPKI, DER. */
    publicKey: [4, bytesField],
    issuedAt: [5, uintField],
    expiresAt: [6, uintField],
  },
  /** Those of a vault; of one purpose, or for one machine, where said. */
  'credentials-revoked': {
    vaultId: [0, vaultIdField],
    purpose: [1, optional(purposeField)],
    machineId: [2, optional(machineIdField)],
  },
  'machine-registered': {
    machineId: [0, machineIdField],
    vaultId: [1, vaultIdField],
    name: [2, textField],
    /** 32 hexadecimal digits, and the credential's serial: a repeated request is told from a new one. */
    requestId: [3, textField],
    serial: [4, uintField],
  },
  'machine-retired': { machineId: [0, machineIdField] },
  /** A mark: what the machine kept stays until it is collected. */
  'machine-deleted': { machineId: [0, machineIdField] },
  'certificate-issued': {
    /** SHA-256 of the certificate's DER, hexadecimal. */
    fingerprint: [0, textField],
    machineId: [1, machineIdField],
    access: [2, accessField],
    notAfter: [3, uintField],
    requestId: [4, textField],
    /** PEM. */
    certificate: [5, textField],
    /** The fingerprint of the one that it follows: that one is good for a week more. */
    renews: [6, optional(textField)],
    /** Of a takeover: all other certificates that can write are revoked with this record. */
    takesOver: [7, optional(booleanField)],
  },
  'certificate-revoked': { fingerprint: [0, textField] },
  'recovery-try': { machineId: [0, machineIdField], at: [1, uintField], ok: [2, booleanField] },
  /** PEM. */
  'authority-successor': { certificate: [0, textField] },
  /** For how many days what is deleted from now on can be taken back. */
  'soft-delete-set': { vaultId: [0, vaultIdField], days: [1, uintField] },
  /** Softly: until then they can be taken back, and nothing that they refer to goes. */
  'points-deleted': {
    machineId: [0, machineIdField],
    source: [1, sourceField],
    seqs: [2, seqsField],
    cause: [3, causeField],
    until: [4, uintField],
  },
  /** They do not expire before `keepUntil`. */
  'points-undeleted': {
    machineId: [0, machineIdField],
    source: [1, sourceField],
    seqs: [2, seqsField],
    keepUntil: [3, uintField],
  },
  /** For good: from now on nothing is kept for them. */
  'points-removed': {
    machineId: [0, machineIdField],
    source: [1, sourceField],
    seqs: [2, seqsField],
  },
  /** Of a source: JSON as in docs/protocol.md. In force from then on, at once where it is not shorter; ends one that waits. */
  'retention-set': {
    machineId: [0, machineIdField],
    source: [1, sourceField],
    policy: [2, textField],
    from: [3, uintField],
  },
  /** The change that waits does not happen. */
  'retention-cancelled': { machineId: [0, machineIdField], source: [1, sourceField] },
  /** Whatever policies say, they do not expire before. */
  'points-wanted': {
    machineId: [0, machineIdField],
    source: [1, sourceField],
    seqs: [2, seqsField],
    until: [3, uintField],
  },
  'immutability-set': { vaultId: [0, vaultIdField], immutability: [1, immutabilityField] },
  /** No policy keeps the machine's points any more: each goes when its lock ends. */
  'data-given-up': { machineId: [0, machineIdField] },
  /** The policies count again. */
  'data-kept': { machineId: [0, machineIdField] },
  /** On a machine, one of its sources, or one point. */
  'hold-set': {
    machineId: [0, machineIdField],
    source: [1, optional(sourceField)],
    seq: [2, optional(uintField)],
    note: [3, textField],
  },
  'hold-cleared': {
    machineId: [0, machineIdField],
    source: [1, optional(sourceField)],
    seq: [2, optional(uintField)],
  },
  /** For one request, by its digest; the PIN itself is nowhere. A later one for the same request replaces it. */
  'pin-issued': {
    digest: [0, bytesField],
    machineId: [1, machineIdField],
    operation: [2, textField],
    salt: [3, bytesField],
    hash: [4, bytesField],
    expiresAt: [5, uintField],
  },
  'pin-refused': { digest: [0, bytesField] },
  'pin-used': { digest: [0, bytesField] },
  /** Ed25519, 32 bytes. */
  'operator-added': { name: [0, textField], publicKey: [1, bytesField] },
  'operator-removed': { name: [0, textField] },
  /** One operator asks for what needs two: see src/vault/approvals. */
  'approval-asked': {
    id: [0, bytesField],
    operation: [1, textField],
    subject: [2, textField],
    text: [3, textField],
    askedBy: [4, textField],
    expiresAt: [5, uintField],
    signature: [6, bytesField],
  },
  'approval-given': {
    id: [0, bytesField],
    approvedBy: [1, textField],
    signature: [2, bytesField],
  },
  'approval-used': { id: [0, bytesField] },
  /** Softly: it opens nothing any more, and is purged after `until`. Its number is never used again. */
  'slot-deleted': {
    machineId: [0, machineIdField],
    repository: [1, uintField],
    slot: [2, uintField],
    until: [3, uintField],
  },
  /** No point names them. Their files are moved to the trash, under the number of this record; `before`: unless used since. */
  'objects-trashed': {
    machineId: [0, machineIdField],
    repository: [1, uintField],
    objectKind: [2, kindField],
    ids: [3, objectIdsField],
    purgeAt: [4, uintField],
    before: [5, uintField],
  },
  /** What that record has moved to the trash, and was not brought back, is deleted after this. */
  'objects-purged': { decision: [0, uintField] },
  /** No sound copy of it was found: no commit counts on it, until it is found sound. */
  'object-damaged': {
    machineId: [0, machineIdField],
    repository: [1, uintField],
    objectKind: [2, kindField],
    id: [3, objectIdField],
    sizeBytes: [4, uintField],
  },
  /** It came again, or was brought back: what refers to it is whole again. */
  'object-sound': {
    machineId: [0, machineIdField],
    repository: [1, uintField],
    id: [2, objectIdField],
  },
  /** The clock was seen to jump: nothing expires until it is confirmed. */
  'clock-suspended': { seenAt: [0, uintField], clockAt: [1, uintField] },
  'clock-confirmed': { clockAt: [0, uintField] },
} as const

export type EntryKind = keyof typeof entryShapes
type Entries = {
  [Kind in EntryKind]: { readonly kind: Kind } & PayloadOf<(typeof entryShapes)[Kind]>
}
/** What happened; the record around it says when. */
export type LogEntry = Entries[EntryKind]
export type EntryOf<Kind extends EntryKind> = Entries[Kind]

export const isEntryKind = (text: string): text is EntryKind => Object.hasOwn(entryShapes, text)
