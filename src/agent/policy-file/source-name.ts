/** The name of a source as a person gave it. */

import { BackupError } from '../../base/errors.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'

/** @throws BackupError `usage` */
export function givenSourceName(text: string): SourceName {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(text)) return parseSourceName(text)
  throw new BackupError('usage', `${JSON.stringify(text)} is no name of a source.`, {
    hint: 'Names have 1 to 32 of a-z, 0-9 and -, and begin with a letter or digit.',
  })
}
