/** Which key store was chosen, as the registration records it. */

import { z } from 'zod'

export const keyStoreSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('os'), account: z.string().regex(/^[0-9a-f-]{8,80}$/) }),
  z.strictObject({ kind: z.literal('file') }),
  z.strictObject({ kind: z.literal('none'), passphraseFile: z.string().optional() }),
])

export type KeyStoreSettings = z.output<typeof keyStoreSchema>
