/** Which key store was chosen, as the registration records it. */

import { z } from 'zod'
import { maxEpoch } from '../../crypto/keys.ts'

export const keyStoreSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('os'), account: z.string().regex(/^[0-9a-f-]{8,80}$/) }),
  z.strictObject({ kind: z.literal('file') }),
  z.strictObject({
    kind: z.literal('none'),
    passphraseFile: z.string().optional(),
    /** A file that systemd reads for the runs that it starts: `sealed` with systemd-creds, or in the clear. */
    credential: z.strictObject({ file: z.string(), sealed: z.boolean() }).optional(),
  }),
])

export const epochFields = {
  /** The newest that was begun; 0 if not recorded. */
  epoch: z.int().min(0).max(maxEpoch).optional(),
  /** The key store holds no master key. */
  hardened: z
    .strictObject({
      /** In which the newest epoch was begun, by UTC. */
      month: z.string().regex(/^\d{4}-\d{2}$/),
    })
    .optional(),
}

export type KeyStoreSettings = z.output<typeof keyStoreSchema>
