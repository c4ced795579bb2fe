/** Points as commands of `backup` mean them. */

import type { SourceName } from '../../model/ids.ts'
import { findPoint } from '../../repository/find-point.ts'
import { listPoints, type PointFacts } from '../../repository/point-reader.ts'
import type { CommandContext } from './context.ts'
import type { OpenAgent } from './open.ts'

/** No key is needed to choose one. */
type ConnectedAgent = Pick<OpenAgent, 'connection' | 'registration' | 'state'>

/** All points of the machine or of one source that can be read, checked; deleted ones are among them. */
export async function listedPoints(
  { output }: CommandContext,
  { connection, registration, state }: ConnectedAgent,
  source: SourceName | undefined,
): Promise<PointFacts[]> {
  const { authorities } = registration
  const points = await listPoints(connection, { authorities, source, withRemoved: true })
  const seen = (await state.heads.load()) ?? {}
  for (const [name, head] of Object.entries(seen)) {
    if (source !== undefined && source !== name) continue
    const last = points.findLast((point) => point.source === name)
    if (last !== undefined && last.seq >= head.seq) continue
    // Points are still worth having: only a run refuses to go on.
    output.warn(`The vault does not show the newest point of ${name} that this machine has made.`)
  }
  return points.filter((point) => point.state !== 'removed')
}

/** @throws BackupError `unknown-point`, `unknown-source`, `usage` */
export async function chosenPoint(
  context: CommandContext,
  agent: ConnectedAgent,
  { text, source }: { readonly text: string; readonly source: SourceName | undefined },
): Promise<PointFacts> {
  const points = await listedPoints(context, agent, undefined)
  // A deleted point can still be named by its id; "latest" and times do not mean it.
  const isId = /^[0-9a-f]{4,64}$/i.test(text)
  return findPoint(isId ? points : points.filter(({ state }) => state === 'kept'), text, source)
}
