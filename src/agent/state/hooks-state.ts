/** The hooks of a source in the policy file of the state directory. */

import { z } from 'zod'

const hookSchema = z.strictObject({ run: z.string(), timeLimitMs: z.int().min(1) }).optional()

export const hooksSchema = z.strictObject({
  before: hookSchema,
  after: hookSchema,
  'on-success': hookSchema,
  'on-warning': hookSchema,
  'on-failure': hookSchema,
})
