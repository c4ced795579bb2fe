/** What of the included paths a source leaves out besides its patterns. By default nothing. */

export interface SelectionSettings {
  /** Patterns, those of ignore files too, do not tell capitals from small letters. */
  readonly ignoreCase: boolean
  /** Directories may say in a `.backupignore` what is left out below them. */
  readonly ignoreFiles: boolean
  /** Larger files are left out. */
  readonly largestFileBytes: number | null
  /** Files last modified longer ago are left out. */
  readonly mostDaysOld: number | null
  /** Other file systems are not entered; their mount points are kept, empty. */
  readonly oneFileSystem: boolean
  /** Of directories with a valid CACHEDIR.TAG only the tag is kept. */
  readonly skipCaches: boolean
  /** Files and directories with the inode flag `nodump` are left out. */
  readonly skipNodump: boolean
}

export const defaultSelection: SelectionSettings = {
  ignoreCase: false,
  ignoreFiles: false,
  largestFileBytes: null,
  mostDaysOld: null,
  oneFileSystem: false,
  skipCaches: false,
  skipNodump: false,
}

/** What decided that something is left out. */
export type SelectionRule =
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'ignore-file'; readonly file: string; readonly pattern: string }
  | {
      readonly kind:
        | 'size'
        | 'age'
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
  const { largestFileBytes, mostDaysOld } = settings
  if (largestFileBytes !== null && file.sizeBytes > largestFileBytes) return { kind: 'size' }
  if (mostDaysOld === null) return undefined
  const ageNs = BigInt(Math.floor(nowMs)) * 1_000_000n - file.mtimeNs
  return ageNs > BigInt(mostDaysOld) * dayNs ? { kind: 'age' } : undefined
}
