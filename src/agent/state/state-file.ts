/** A file of the state directory: JSON with a schema, read with a bound, replaced as a whole. */

import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { exists, makeDirectoryDurable, readBounded, replaceFile } from '../../base/files.ts'

export interface StateFile<T> {
  /** Undefined where there is none. @throws BackupError `state-damaged` */
  load(): Promise<T | undefined>
  save(value: T): Promise<void>
  remove(): Promise<void>
}

const maxBytes = 16 * 1024 * 1024

export function stateFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): StateFile<z.output<Schema>> {
  return {
    load: async () => {
      if (!(await exists(path))) return undefined
      return parse(path, schema, await readBounded(path, maxBytes))
    },
    save: async (value) => {
      await makeDirectoryDurable(dirname(path))
      await replaceFile(path, utf8(`${JSON.stringify(value, null, 2)}\n`))
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
