/** What is wrong with a target, or with a name in it. */

import { equalBytes, toHex } from '../../../base/bytes.ts'
import { BackupError, systemCodeOf } from '../../../base/errors.ts'
import { isEntryName } from '../../../model/entry.ts'
import { heldName } from './names.ts'
import { placeText, type Place } from './target.ts'

export function refusedTarget(path: string, error: unknown): BackupError {
  const code = systemCodeOf(error)
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return new BackupError('target-refused', `Cannot restore to ${path}: it is no directory.`, {
      hint: 'Name a directory, or one that does not exist yet.',
      cause: error,
    })
  }
  if (code === 'EROFS') return onlyRead(error)
  return new BackupError(
    'file-unwritable',
    `Cannot restore to ${path}: ${code ?? String(error)}.`,
    {
      hint: 'Name a directory that you may write to.',
      cause: error,
    },
  )
}

export const onlyRead = (cause: unknown): BackupError =>
  new BackupError('file-unwritable', 'The disk of the target can only be read.', {
    hint: 'Mount it so that you may write to it, or restore to another disk.',
    cause,
  })

export function notADirectory(place: Place, error: unknown): BackupError {
  const code = systemCodeOf(error)
  if (code === 'ENOENT') {
    return new BackupError(
      'not-found',
      `There is no directory ${placeText(place)} below the target.`,
      {
        cause: error,
      },
    )
  }
  const isLinkOrFile = code === 'ELOOP' || code === 'ENOTDIR' || error === undefined
  const why = isLinkOrFile
    ? 'it is a link or a file, no directory'
    : (code ?? 'it can not be opened')
  return new BackupError('target-refused', `Will not write below ${placeText(place)}: ${why}.`, {
    hint: 'A restore never follows links that lie in its target.',
    cause: error,
  })
}

/** The name itself. @throws BackupError `target-refused` for one that could lead elsewhere */
export function checkedName(name: Uint8Array): Uint8Array {
  if (isUsableName(name)) return name
  throw new BackupError(
    'target-refused',
    `A name in the point can not be a file's name: ${toHex(name)}.`,
    {
      hint: 'Restore it on the kind of system that it was backed up from, or as an archive: --as-tar FILE.',
    },
  )
}

/** On Windows a name could otherwise lead elsewhere: to a stream, a device, or through a separator. */
const isUsableName = (name: Uint8Array): boolean =>
  isEntryName(name) && (process.platform !== 'win32' || equalBytes(heldName(name, 'windows'), name))

/** Something has the name, and is to stay. */
export const alreadyThere = (place: readonly Uint8Array[], cause: unknown): BackupError =>
  new BackupError(
    'already-exists',
    `There is a ${Buffer.from(place.at(-1) ?? []).toString()} in the target already.`,
    { cause, hint: 'Say what to do about it with --on-conflict, or restore to another directory.' },
  )
