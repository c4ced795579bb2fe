/** Telling the vault how long a source's points are to be kept, where this machine has something to say of it. */

import { isDeepStrictEqual } from 'node:util'
import { BackupError } from '../../base/errors.ts'
import type { SourceName } from '../../model/ids.ts'
import { retentionRequestSchema } from '../../protocol/messages.ts'
import type { RetentionPolicy } from '../../policy/retention.ts'
import type { CommandContext } from './context.ts'
import type { OpenAgent } from './open.ts'

/** What the vault does not take stays as it is there, and the run goes on: a warning says so. */
export async function sendRetention(
  { output }: CommandContext,
  { connection }: OpenAgent,
  {
    source,
    retention,
  }: { readonly source: SourceName; readonly retention: RetentionPolicy | undefined },
): Promise<void> {
  if (retention === undefined) return
  const request = retentionRequestSchema.parse({ source, policy: retention })
  try {
    const { policy, pending } = await connection.retention(source)
    if (isDeepStrictEqual(pending?.policy ?? policy, request.policy)) return
    await connection.setRetention(request)
    output.note(`The vault keeps the points of ${source} as the policy says now.`)
  } catch (error) {
    if (!(error instanceof BackupError) || error.exit !== 'refused-retention') throw error
    output.warn(`Warning: the retention of ${source} stays as the vault has it: ${error.message}`)
    if (error.code === 'pin-required')
      output.warn(`It is shorter: backup policy retention set --source ${source}, with a PIN.`)
  }
}
