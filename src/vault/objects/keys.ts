/** Where a vault keeps what (docs/format.md 11): keys are paths of small components, the same in every kind of store. */

import { BackupError } from '../../base/errors.ts'
import {
  objectKinds,
  parseMachineId,
  parseObjectId,
  type MachineId,
  type ObjectId,
  type ObjectKind,
  type SourceName,
  type VaultId,
} from '../../model/ids.ts'

/** Whose folder: everything that a machine can name lies below it. */
export interface Namespace {
  readonly vaultId: VaultId
  readonly machineId: MachineId
}

/** Numbers in names: 16 hexadecimal digits, so that their order is that of the numbers. */
export const numberName = (number: number): string => number.toString(16).padStart(16, '0')

/** The inverse; undefined for any other text, and for numbers beyond 2^53. */
export function parseNumberName(name: string): number | undefined {
  if (!/^[0-9a-f]{16}$/.test(name)) return undefined
  const number = Number.parseInt(name, 16)
  return Number.isSafeInteger(number) ? number : undefined
}

export const recordsFolder = 'records/'
export const logRecordKey = (number: number): string => `${recordsFolder}${numberName(number)}`

export const machinesFolder = (vaultId: VaultId): string => `vaults/${vaultId}/machines/`
export const machineFolder = (space: Namespace): string =>
  `${machinesFolder(space.vaultId)}${space.machineId}/`
export const repositoriesFolder = (space: Namespace): string =>
  `${machineFolder(space)}repositories/`
export const repositoryFolder = (space: Namespace, repository: number): string =>
  `${repositoriesFolder(space)}${repository}/`

/** Configs and slots: numbered, never overwritten. */
export type NumberedKind = 'configs' | 'slots'

export const numberedFolder = (space: Namespace, repository: number, kind: NumberedKind): string =>
  `${repositoryFolder(space, repository)}${kind}/`

export const kindFolder = (space: Namespace, repository: number, kind: ObjectKind): string =>
  `${repositoryFolder(space, repository)}${kind}/`

export const objectKey = (folderOfKind: string, id: ObjectId): string =>
  `${folderOfKind}${id.slice(0, 2)}/${id}`

export interface ParsedObjectKey {
  readonly machineId: MachineId
  readonly repository: number
  readonly kind: ObjectKind
  readonly id: ObjectId
}

/** The inverse of objectKey, at its own place; undefined for all other keys. */
export function parseObjectKey(key: string): ParsedObjectKey | undefined {
  const [, machine = '', number, kindName, hash = ''] =
    /^vaults\/[0-9a-f]{32}\/machines\/([0-9a-f]{32})\/repositories\/(\d+)\/([a-z]+)\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(
      key,
    ) ?? []
  const kind = objectKinds.find((known) => known === kindName)
  if (kind === undefined) return undefined
  const place = { machineId: parseMachineId(machine), repository: Number(number) }
  return { ...place, kind, id: parseObjectId(hash) }
}

export const sourcesFolder = (space: Namespace): string => `${machineFolder(space)}points/`
export const pointsFolder = (space: Namespace, source: SourceName): string =>
  `${sourcesFolder(space)}${source}/`
export const pointFolder = (space: Namespace, source: SourceName, seq: number): string =>
  `${pointsFolder(space, source)}${numberName(seq)}/`
export const commitKey = (folderOfPoint: string): string => `${folderOfPoint}commit`
export const pointRecordKey = (folderOfPoint: string, number: number): string =>
  `${folderOfPoint}record-${numberName(number)}`

export const trashFolder = 'trash/'

/** The copy that a record of the log has put into the trash. */
export const trashKey = (decision: number, key: string): string =>
  `${trashFolder}${numberName(decision)}/${key}`

/** @throws BackupError `malformed` for whatever is not `a/b/c` of `[a-z0-9-]`: no key can leave its folder. */
export function checkKey(key: string): void {
  if (key.length > 512 || !/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(key)) {
    throw new BackupError(
      'malformed',
      `Not the key of an object: ${JSON.stringify(key.slice(0, 80))}.`,
    )
  }
}

/** A prefix is empty or a key with a `/` behind it. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return
  if (!prefix.endsWith('/')) {
    throw new BackupError(
      'malformed',
      `Not a folder of objects: ${JSON.stringify(prefix.slice(0, 80))}.`,
    )
  }
  checkKey(prefix.slice(0, -1))
}

/** The SHA-256 that a content-addressed key promises, in hexadecimal; undefined for records, which end in their own. */
export function hashInKey(key: string): string | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1)
  return /^[0-9a-f]{64}$/.test(name) ? name : undefined
}

/** Everything but data packs is kept twice where the store itself keeps things once. */
export const isKeptTwice = (key: string): boolean => !/\/repositories\/\d+\/data\//.test(key)
