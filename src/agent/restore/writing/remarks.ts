/** What a thread has to say of a file, gathered there and reported here. */

import { receivedError, sentError } from '../../../workers/sent-error.ts'
import type { FileContext } from '../context.ts'
import type { Place } from '../target/target.ts'
import type { Remark } from './messages.ts'

/** A report that decides nothing. */
export const gatheringReport = (remarks: Remark[]): FileContext['report'] => ({
  failed: (_path, part, error) => remarks.push({ kind: 'failed', part, error: sentError(error) }),
  keptOwner: () => remarks.push({ kind: 'owner-kept' }),
  made: ignore,
  named: ignore,
  wrote: ignore,
  tookOver: ignore,
  readBack: ignore,
})

const ignore = (): void => undefined

/** Throws where a failure concerns the whole restore. */
export function sayRemarks(
  remarks: readonly Remark[],
  path: Place,
  report: Pick<FileContext['report'], 'failed' | 'keptOwner'>,
): void {
  for (const remark of remarks) {
    if (remark.kind === 'owner-kept') report.keptOwner(path)
    else report.failed(path, remark.part, receivedError(remark.error))
  }
}
