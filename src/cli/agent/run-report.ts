/** What a run has come to: told to whoever started it, and, without a name of a file, to the vault. */

import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import type { JobFacts } from '../../agent/jobs/job.ts'
import type { Carried } from '../../agent/backup/attempt.ts'
import type { RunResult } from '../../agent/backup/run.ts'
import { nextLink, settleLink } from '../../agent/state/instance.ts'
import type { RunLock } from '../../agent/system/run-lock.ts'
import { waitForLock } from '../../agent/system/wait-for-lock.ts'
import type { SourceName } from '../../model/ids.ts'
import { toDisplay } from '../../model/path-text.ts'
import type { RunReport } from '../../protocol/messages.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import type { ConnectedAgent } from './open.ts'
import { scanText } from './scan-text.ts'

interface EndedRun {
  readonly source: SourceName
  readonly dryRun: boolean
  readonly result: RunResult
  readonly startedMs: number
}

export function sayResult(
  { output, endAs }: CommandContext,
  { source, dryRun, result, startedMs }: EndedRun,
): void {
  const { point, counts, leftOut, bytesRead, bytesSent, bytesStored, scan, carried } = result
  const durationMs = systemClock.now() - startedMs
  const outcome = leftOut.leftOutCount > 0 ? 'left-out' : 'done'
  if (leftOut.leftOutCount > 0) endAs('left-out')
  for (const { path, reason, detail, kept } of leftOut.leftOut.slice(0, shownLeftOut)) {
    output.warn(`Left out (${reason}, kept: ${kept}): ${toDisplay(path)}: ${detail}`)
  }
  const more = leftOut.leftOutCount - shownLeftOut
  if (more > 0) output.warn(`… and ${more} more: backup points show ID --left-out`)
  output.event({
    event: 'summary',
    outcome,
    source,
    pointId: point?.id ?? null,
    files: counts.files,
    bytesRead,
    bytesSent,
    bytesStored,
    leftOut: leftOut.leftOutCount,
    durationMs,
    dryRun,
    scan: scan.kind,
    scanReason: scan.kind === 'full' ? scan.reason : null,
    carried: carried !== undefined && carried.packs > 0 ? carried : null,
  })
  const made =
    point === undefined ? 'Dry run, nothing was sent' : `Recovery point ${point.id.slice(0, 12)}`
  output.line(
    `${made}: ${counts.files} files, ${sizeText(counts.fileBytes)}; read ${sizeText(bytesRead)}, ` +
      `${point === undefined ? 'would send' : 'sent'} ${sizeText(bytesSent)}, in ${durationText(durationMs)}; ${scanText(scan)}` +
      (leftOut.leftOutCount > 0 ? `; ${leftOut.leftOutCount} left out` : ''),
  )
  if (carried !== undefined && carried.packs > 0) output.line(carriedText(carried))
}

const carriedText = ({ packs, packBytes, fileBytes }: Carried): string =>
  `Of ${packs} packs little was still needed: sent once more in new ones (${sizeText(fileBytes)} of files). ` +
  `Their ${sizeText(packBytes)} come back at the vault when the points that need them have gone.`

const shownLeftOut = 20

/** Of what was left out, the first. */
export const shownPaths = ({ leftOut }: RunResult): string[] =>
  leftOut.leftOut.slice(0, shownLeftOut).map(({ path }) => toDisplay(path))

export const factsOf = ({
  point,
  counts,
  leftOut,
  bytesRead,
  bytesSent,
  bytesStored,
}: RunResult): JobFacts => ({
  outcome: leftOut.leftOutCount > 0 ? 'left-out' : 'done',
  pointId: point?.id ?? null,
  files: counts.files,
  bytesRead,
  bytesSent,
  bytesStored,
  leftOut: leftOut.leftOutCount,
})

export const clonedText =
  "another copy of this machine backs up under the same registration. The vault's operator can tell them apart: backup-vault machines split"

/** For the operator's eyes: a report that does not get through changes nothing. Two copies of this machine show by it. False: it did not get through. */
export async function tellVault(
  { output }: CommandContext,
  { connection, state }: ConnectedAgent,
  { id, report }: { readonly id: string; readonly report: RunReport },
): Promise<boolean> {
  let lock: RunLock | undefined
  try {
    // Two runs that tell it at once would look like two copies.
    lock = await waitForLock(state.paths.reportLock, 'telling the vault of a run', 60_000)
    const lineage = await nextLink(state, systemRandom)
    const { clonedAt } = await connection.putRun(id, { ...report, lineage })
    await settleLink(state, lineage)
    if (clonedAt !== null) output.warn(`Warning: ${clonedText}`)
    return true
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return false
  } finally {
    lock?.release()
  }
}
