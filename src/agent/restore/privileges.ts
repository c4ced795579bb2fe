/** What lends rights to whoever runs or opens it: given back only when asked, and named where it is left out. */

import { BackupError } from '../../base/errors.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import type { Entry } from '../../model/entry.ts'

export const isDevice = ({ type }: Entry): boolean => type === 'block' || type === 'char'

/** setuid and setgid; on a directory setgid only says which group new files get. */
export const lendingBits = ({ type, mode = 0 }: Entry): number =>
  type === 'directory' ? 0 : mode & 0o6000

/** The rights of a program beside those of its owner. */
export const isCapability = (attribute: Uint8Array): boolean =>
  equalBytes(attribute, capabilityName)

const capabilityName = utf8('security.capability')

export const withheld = (what: string): BackupError =>
  new BackupError('privilege-withheld', `${what} given back only with --privileged.`, {
    hint: 'If you trust whoever made the point: the same command with --privileged, --on-conflict overwrite where it was restored already.',
  })

/** Whoever restores must not lend his own rights to a program that had those of another. */
export const notLent = (): BackupError =>
  new BackupError(
    'privilege-withheld',
    'setuid and setgid go with the owner, who was not restored.',
  )
