/** What of the included paths a source leaves out besides its patterns. By default nothing. */

import { BackupError } from '../base/errors.ts'

export interface SelectionSettings {
  /** Patterns, those of ignore files too, do not tell capitals from small letters. */
  readonly ignoreCase: boolean
  /** Directories may say in a `.backupignore` what is left out below them. */
  readonly ignoreFiles: boolean
  /** Larger files are left out. */
  readonly largestFileBytes: number | null
  /** Files last modified longer ago are left out. */
  readonly mostDaysOld: number | null
  /** Files last modified less long ago are left out. */
  readonly leastDaysOld: number | null
  /** Other file systems are not entered; their mount points are kept, empty. */
  readonly oneFileSystem: boolean
  /** Of directories with a valid CACHEDIR.TAG only the tag is kept. */
  readonly skipCaches: boolean
  /** Files and directories with the inode flag `nodump` are left out. */
  readonly skipNodump: boolean
  /** On Windows: what is in the cloud only is fetched and saved; else it is listed as left out. */
  readonly fetchCloudFiles: boolean
}

export const defaultSelection: SelectionSettings = {
  ignoreCase: false,
  ignoreFiles: false,
  largestFileBytes: null,
  mostDaysOld: null,
  leastDaysOld: null,
  oneFileSystem: false,
  skipCaches: false,
  skipNodump: false,
  fetchCloudFiles: false,
}

/** What decided that something is left out. */
export type SelectionRule =
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'ignore-file'; readonly file: string; readonly pattern: string }
  | {
      readonly kind:
        | 'size'
        | 'age'
        | 'young'
        | 'other-file-system'
        | 'pseudo-file-system'
        | 'cache'
        | 'nodump'
        | 'own-cache'
    }

const dayNs = 86_400_000_000_000n

/** The limits that hold for regular files. */
export function fileRule(
  settings: SelectionSettings,
  file: { readonly sizeBytes: number; readonly mtimeNs: bigint },
  nowMs: number,
): SelectionRule | undefined {
  const { largestFileBytes, mostDaysOld, leastDaysOld } = settings
  if (largestFileBytes !== null && file.sizeBytes > largestFileBytes) return { kind: 'size' }
  const ageNs = BigInt(Math.floor(nowMs)) * 1_000_000n - file.mtimeNs
  if (mostDaysOld !== null && ageNs > BigInt(mostDaysOld) * dayNs) return { kind: 'age' }
  if (leastDaysOld !== null && ageNs < BigInt(leastDaysOld) * dayNs) return { kind: 'young' }
  return undefined
}

/** Whether the limits change what is left out although nothing changes on the disk. */
export const dependsOnTime = ({ mostDaysOld, leastDaysOld }: SelectionSettings): boolean =>
  mostDaysOld !== null || leastDaysOld !== null

/** The settings themselves. @throws BackupError `usage` where they would leave out every file */
export function checkedSelection(settings: SelectionSettings): SelectionSettings {
  const { mostDaysOld, leastDaysOld } = settings
  if (mostDaysOld === null || leastDaysOld === null || leastDaysOld < mostDaysOld) return settings
  throw new BackupError(
    'usage',
    `No file is between ${leastDaysOld} and ${mostDaysOld} days old: all would be left out.`,
    { hint: 'The least age has to be below the greatest.' },
  )
}

/** Whether `fileRule` can leave out any file at all. */
export const hasFileLimits = (settings: SelectionSettings): boolean =>
  settings.largestFileBytes !== null ||
  settings.mostDaysOld !== null ||
  settings.leastDaysOld !== null
