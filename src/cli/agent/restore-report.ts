/** What a restore says: its plan before, and what it came to. */

import type { ReadablePoint, RestorePlan } from '../../agent/restore/plan.ts'
import { previewRestore } from '../../agent/restore/preview.ts'
import type { RestoreResult } from '../../agent/restore/report.ts'
import type { RestoreOptions } from '../../agent/restore/restore.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import type { ProgressState } from '../render/progress.ts'
import { pathFields } from '../render/shown-path.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { mirroredText, type Mirrored } from './restore-delete.ts'

export interface Restore {
  readonly facts: PointFacts
  readonly manifest: Manifest
  readonly point: ReadablePoint
  readonly plan: RestorePlan
  readonly options: RestoreOptions
  /** What there is to restore, as far as that is known before. */
  readonly totals: Pick<ProgressState, 'totalFiles' | 'totalBytes'>
}

export async function sayPlan(
  { output }: CommandContext,
  { point, plan, options }: Restore,
): Promise<void> {
  for await (const { action, item, place } of previewRestore(point, plan, options)) {
    const { entry } = item
    const sizeBytes = entry.type === 'file' ? entry.sizeBytes : null
    const path = pathFields(Buffer.concat(place.flatMap((name) => [Buffer.from('/'), name])))
    output.event({ event: 'item', action, ...path, type: entry.type, sizeBytes })
    const shown = `${options.to === '/' ? '' : options.to}${path.path}`
    output.line(`${action.padEnd(9)}  ${entry.type.padEnd(9)}  ${shown}`)
  }
}

interface Done {
  readonly result: RestoreResult
  readonly mirrored: Mirrored | undefined
  readonly durationMs: number
}

export function saySummary(
  context: CommandContext,
  restore: Restore,
  { result, mirrored, durationMs }: Done,
): void {
  const { output, endAs } = context
  const leftOut = result.failureCount + result.ownersKept + (mirrored?.leftOut ?? 0)
  if (leftOut > 0) endAs('left-out')
  if (result.ownersKept > 0) {
    const text = `${result.ownersKept} files and directories belong to you now: only root can give them back to their owners.`
    output.warn(text)
  }
  output.event({
    event: 'summary',
    outcome: leftOut > 0 ? 'left-out' : 'done',
    pointId: restore.facts.id,
    files: result.files,
    directories: result.directories,
    others: result.others,
    hardLinks: result.hardLinks,
    replaced: result.replaced,
    copies: result.copies,
    skipped: result.skipped,
    unchanged: result.unchanged,
    bytesRead: restore.options.chunks.bytesFetched,
    bytesSent: 0,
    bytesStored: result.bytesRestored,
    bytesTakenOver: result.bytesTakenOver,
    readBack: result.readBack,
    ...(mirrored !== undefined && { removed: mirrored.removed }),
    leftOut,
    ownersKept: result.ownersKept,
    durationMs,
  })
  const counts = `${result.files} files, ${result.directories} directories, ${result.others} others`
  output.line(
    `Restored ${counts}, ${sizeText(result.bytesRestored)}, to ${restore.options.to} in ${durationText(durationMs)}.`,
  )
  sayMeetings(output, result)
  if (mirrored !== undefined) output.line(mirroredText(mirrored))
  if (result.failureCount > 0)
    output.line(`${result.failureCount} things could not be restored; they are named above.`)
}

/** What was in the way. */
function sayMeetings({ line }: CommandContext['output'], result: RestoreResult): void {
  const { replaced, copies, skipped, unchanged } = result
  const parts = [
    replaced > 0 ? `${replaced} replaced` : '',
    copies > 0 ? `${copies} beside what was there, as "… Copy of …"` : '',
    skipped > 0 ? `${skipped} skipped` : '',
    unchanged > 0 ? `${unchanged} were there already` : '',
  ].filter((part) => part !== '')
  if (parts.length > 0) line(`Where something was in the way: ${parts.join(', ')}.`)
}
