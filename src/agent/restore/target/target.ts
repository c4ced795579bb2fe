/** The directory that a restore writes beneath, and the names in it. */

import { constants } from 'node:fs'
import type { NameRules } from './names.ts'

/** Names from the target's directory down; the target itself is the empty list. */
export type Place = readonly Uint8Array[]

/** An open directory below the target. */
export interface Directory {
  /** Where a name of this directory can be reached; good only while the directory is lent. The last component may be a link. */
  at(name: Uint8Array): Buffer
  /** The directory itself. */
  readonly self: Buffer
}

export interface Target {
  readonly path: string
  /** What names it can hold. */
  readonly names: NameRules
  /**
   * Lends a directory below the target.
   * @throws BackupError `target-refused` where a component is no directory (a link to one is none), `not-found` where it is missing
   */
  withDirectory<T>(place: Place, use: (directory: Directory) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Of flags to open with: a link under the name is an error. Windows has no such flag. */
export const noFollow: number = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW

/** A place for people: names that are not UTF-8 come out with replacement characters. */
export const placeText = (place: Place): string =>
  place.map((name) => Buffer.from(name).toString('utf8')).join('/')
