/** A rotation of the master key that was begun: what the vault is asked to store, and what is given up when it has. */

import { z } from 'zod'
import { repositoryBeginningSchema } from '../../protocol/messages.ts'
import { keyStoreSchema } from './key-store-state.ts'

export const rotationSchema = z.strictObject({
  repository: z.int().min(1),
  beginning: repositoryBeginningSchema,
  /** Where the key of before is. */
  before: z.strictObject({
    repository: z.int().min(0),
    keyStore: keyStoreSchema.optional(),
  }),
})

export type PendingRotation = z.output<typeof rotationSchema>
