/** A file with a secret in it that a command is about to write: only its owner can read it, and nothing is overwritten unasked. */

import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createFile, replaceFile } from '../../base/files.ts'
import { BackupError, systemCodeOf } from '../../base/errors.ts'

/**
 * To be asked before the work that the file is for.
 * @throws BackupError `already-exists`, `file-unwritable`
 */
export async function checkNewFile(path: string, replace: boolean): Promise<void> {
  try {
    await access(dirname(resolve(path)), constants.W_OK)
  } catch (error) {
    throw unwritable(path, error)
  }
  const there = await stat(path).catch(absent)
  if (there === undefined) return
  if (!there.isFile()) throw new BackupError('file-unwritable', `${path} is there, and no file.`)
  if (!replace) throw taken(path)
}

/** @throws BackupError `already-exists`, `file-unwritable` */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  replace: boolean,
): Promise<void> {
  try {
    if (replace) await replaceFile(path, bytes)
    else if (!(await createFile(path, bytes))) throw taken(path)
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw unwritable(path, error)
  }
}

function absent(error: unknown): undefined {
  if (systemCodeOf(error) === 'ENOENT') return undefined
  throw error
}

const taken = (path: string): BackupError =>
  new BackupError('already-exists', `${path} is there already.`, {
    hint: 'Choose another name, or add --force to replace it.',
  })

const unwritable = (path: string, cause: unknown): BackupError =>
  new BackupError('file-unwritable', `${path} can not be written.`, {
    hint: 'Its folder has to be there, and yours to write in.',
    cause,
  })
