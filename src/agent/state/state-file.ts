/** A file of the state directory: JSON with a schema, read with a bound, replaced as a whole. */

import { rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { z } from 'zod'
import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { exists, makeDirectoryDurable, readBounded, replaceFile } from '../../base/files.ts'
import { waitForLock } from '../system/wait-for-lock.ts'

export interface StateFile<T> {
  /** Undefined where there is none. @throws BackupError `state-damaged` */
  load(): Promise<T | undefined>
  save(value: T): Promise<void>
  /**
   * Replaces it by what `edit` makes of it, one at a time over all processes.
   * @throws BackupError `busy`, `state-damaged`
   */
  update(edit: (old: T | undefined) => T): Promise<T>
  remove(): Promise<void>
}

const maxBytes = 16 * 1024 * 1024

export function stateFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): StateFile<z.output<Schema>> {
  const load = async () => {
    if (!(await exists(path))) return undefined
    return parse(path, schema, await readBounded(path, maxBytes))
  }
  const save = async (value: z.output<Schema>) => {
    await makeDirectoryDurable(dirname(path))
    await replaceFile(path, utf8(`${JSON.stringify(value, null, 2)}\n`))
  }
  return {
    ...{ load, save },
    update: async (edit) => {
      const lock = await waitForLock(`${path}.lock`, `writing ${basename(path)}`)
      try {
        const changed = edit(await load())
        await save(changed)
        return changed
      } finally {
        lock.release()
      }
    },
    remove: () => rm(path, { force: true }),
  }
}

function parse<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  bytes: Uint8Array,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (error) {
    throw new BackupError('state-damaged', `${path} is damaged.`, {
      hint: 'Take the file back from a backup of it, or register again with --replace.',
      cause: error,
    })
  }
}
