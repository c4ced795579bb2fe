/** What a source leaves out besides its patterns, in the policy file. */

import { z } from 'zod'

export const selectionSchema = z.strictObject({
  ignoreCase: z.boolean(),
  ignoreFiles: z.boolean(),
  largestFileBytes: z.int().min(1).nullable(),
  mostDaysOld: z.int().min(1).nullable(),
  // Files of earlier versions do not say it.
  leastDaysOld: z.int().min(1).nullable().default(null),
  oneFileSystem: z.boolean(),
  skipCaches: z.boolean(),
  // Nor this.
  skipNodump: z.boolean().default(false),
  fetchCloudFiles: z.boolean().default(false),
})
