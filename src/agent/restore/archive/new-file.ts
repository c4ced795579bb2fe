/** The file that an archive is written to: it has its name when it is complete, and never takes the place of another. */

import { open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { toHex, type RandomBytes } from '../../../base/bytes.ts'
import { BackupError, systemCodeOf } from '../../../base/errors.ts'
import { exists, syncDirectory } from '../../../base/files.ts'
import type { SystemCalls } from '../../system/system-calls.ts'
import type { WriteBytes } from './write-bytes.ts'

export interface NewFileContext {
  readonly system: Pick<SystemCalls, 'renameNoReplace'>
  readonly random: RandomBytes
}

/**
 * Nothing is left where `fill` fails.
 * @throws BackupError `already-exists`, `disk-full`, `file-unwritable`
 */
export async function writeNewFile<T>(
  path: string,
  fill: (write: WriteBytes) => Promise<T>,
  { system, random }: NewFileContext,
): Promise<T> {
  if (await exists(path)) throw taken(path)
  const temporary = join(dirname(path), `.tmp-${toHex(random(8))}`)
  const handle = await open(temporary, 'wx', 0o600).catch(refuse(path))
  try {
    const result = await fill((bytes) => handle.writeFile(bytes).catch(refuse(path)))
    await handle.sync().catch(refuse(path))
    await handle.close()
    giveName(temporary, path, system)
    await syncDirectory(dirname(path))
    return result
  } finally {
    await handle.close()
    await rm(temporary, { force: true })
  }
}

function giveName(temporary: string, path: string, system: NewFileContext['system']): void {
  try {
    system.renameNoReplace(Buffer.from(temporary), Buffer.from(path))
  } catch (error) {
    throw systemCodeOf(error) === 'EEXIST' ? taken(path) : unwritable(path, error)
  }
}

const taken = (path: string): BackupError =>
  new BackupError('already-exists', `There is a ${basename(path)} already.`, {
    hint: 'Name a file that does not exist yet; to write to a pipe or a tape use - and redirect.',
  })

const refuse =
  (path: string) =>
  (error: unknown): never => {
    throw unwritable(path, error)
  }

function unwritable(path: string, cause: unknown): BackupError {
  const code = systemCodeOf(cause)
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new BackupError('disk-full', `The disk of ${path} is full.`, { cause })
    : new BackupError('file-unwritable', `Cannot write ${path}: ${code ?? String(cause)}.`, {
        hint: code === 'ENOENT' ? 'Make its directory first, or name one that exists.' : undefined,
        cause,
      })
}
