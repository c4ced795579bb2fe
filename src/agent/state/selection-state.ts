/** What a source leaves out besides its patterns, in the policy file. */

import { z } from 'zod'

export const selectionSchema = z.strictObject({
  ignoreCase: z.boolean(),
  ignoreFiles: z.boolean(),
  largestFileBytes: z.int().min(1).nullable(),
  mostDaysOld: z.int().min(1).nullable(),
  oneFileSystem: z.boolean(),
  skipCaches: z.boolean(),
  // Files of earlier versions do not say it.
  skipNodump: z.boolean().default(false),
})
