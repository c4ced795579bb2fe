/** What the vault writes into its own log, and how each kind lies in a record's payload (docs/format.md 11.1). */

import {
  booleanField,
  bytesField,
  choiceField,
  machineIdField,
  optional,
  textField,
  uintField,
  vaultIdField,
  type PayloadOf,
} from './fields.ts'

export const credentialPurposes = ['register', 'recover'] as const
export type CredentialPurpose = (typeof credentialPurposes)[number]
export const accesses = ['full', 'read-only'] as const
export type Access = (typeof accesses)[number]

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
  },
  'certificate-revoked': { fingerprint: [0, textField] },
  'recovery-try': { machineId: [0, machineIdField], at: [1, uintField], ok: [2, booleanField] },
  /** PEM. */
  'authority-successor': { certificate: [0, textField] },
} as const

export type EntryKind = keyof typeof entryShapes
type Entries = {
  [Kind in EntryKind]: { readonly kind: Kind } & PayloadOf<(typeof entryShapes)[Kind]>
}
/** What happened; the record around it says when. */
export type LogEntry = Entries[EntryKind]
export type EntryOf<Kind extends EntryKind> = Entries[Kind]

export const isEntryKind = (text: string): text is EntryKind => Object.hasOwn(entryShapes, text)
