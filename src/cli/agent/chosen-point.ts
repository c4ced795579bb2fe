/** Points as commands of `backup` mean them. */

import type { SourceName } from '../../model/ids.ts'
import { findPoint } from '../../repository/find-point.ts'
import { listPoints, type PointFacts } from '../../repository/point-reader.ts'
import type { CommandContext } from './context.ts'
import type { OpenAgent } from './open.ts'

/** All points of the machine or of one source, checked. */
export async function listedPoints(
  { output }: CommandContext,
  { connection, registration, state }: OpenAgent,
  source: SourceName | undefined,
): Promise<PointFacts[]> {
  const points = await listPoints(connection, { authorities: registration.authorities, source })
  const seen = (await state.heads.load()) ?? {}
  for (const [name, head] of Object.entries(seen)) {
    if (source !== undefined && source !== name) continue
    const last = points.findLast((point) => point.source === name)
    if (last !== undefined && last.seq >= head.seq) continue
    // Points are still worth having: only a run refuses to go on.
    output.warn(`The vault does not show the newest point of ${name} that this machine has made.`)
  }
  return points
}

/** @throws BackupError `unknown-point`, `unknown-source`, `usage` */
export async function chosenPoint(
  context: CommandContext,
  agent: OpenAgent,
  wanted: { readonly text: string; readonly source: SourceName | undefined },
): Promise<PointFacts> {
  return findPoint(await listedPoints(context, agent, undefined), wanted.text, wanted.source)
}
