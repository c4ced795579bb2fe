/** What an archive can not hold is reported for the one entry; the others go on. */

import { BackupError } from '../../../base/errors.ts'

export const refused = (message: string): BackupError => new BackupError('target-refused', message)
