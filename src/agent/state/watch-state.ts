/** Whether and how far the daemon watches a source, in the policy file. */

import { z } from 'zod'

export const watchSchema = z.strictObject({
  enabled: z.boolean(),
  /** With more it is not watched. */
  mostDirectories: z.int().min(1),
})
export type WatchSettings = z.output<typeof watchSchema>

/** Each costs about 5 KiB of memory, and the kernel 1 KiB. */
export const defaultWatch: WatchSettings = { enabled: true, mostDirectories: 50_000 }
