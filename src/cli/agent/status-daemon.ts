/** What `backup status` tells of the daemon, if one runs. */

import { daemonStatusSchema, type DaemonStatus } from '../../agent/daemon/daemon-status.ts'
import { askLocally, socketPath } from '../../agent/daemon/local-socket.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { localTimeZone } from '../../config/local-time-zone.ts'
import { exitNameOf } from '../../base/errors.ts'
import type { CommandContext } from './context.ts'
import { zonedTimeText } from './next-times.ts'
import { scanReasonText } from './scan-text.ts'

/** Says nothing where none runs. */
export async function sayDaemon(
  { host, output }: CommandContext,
  state: AgentState,
): Promise<void> {
  const answer = await askLocally(socketPath(state.directory, host.platform), 'status')
  const known = daemonStatusSchema.safeParse(answer)
  if (!known.success) return
  const status = known.data
  output.event({ event: 'daemon', ...factsOf(status) })
  for (const line of linesOf(status)) output.line(line)
}

const timeText = (timeMs: number): string => new Date(timeMs).toISOString()

const factsOf = ({ pid, version, startedMs, running, last, next, watched }: DaemonStatus) => ({
  ...{ pid, version, started: timeText(startedMs) },
  running: running && { since: timeText(running.sinceMs), sources: running.sources },
  last: last && { ended: timeText(last.endedMs), code: last.code },
  watched,
  next: next.map(({ source, atMs }) => ({ source, at: timeText(atMs) })),
})

function* linesOf({
  pid,
  startedMs,
  running,
  last,
  next,
  watched,
}: DaemonStatus): Iterable<string> {
  const at = (timeMs: number) => zonedTimeText(timeMs, localTimeZone())
  yield `Daemon      running since ${at(startedMs)} (process ${pid})`
  if (running !== null)
    yield `  now       ${running.sources.join(', ')}, since ${at(running.sinceMs)}`
  if (last !== null) {
    const how = last.code === null ? 'killed' : exitNameOf(last.code)
    yield `  last run  ended ${at(last.endedMs)}: ${how}`
  }
  for (const { source, directories, changed, scan } of watched) {
    const then = scan === null ? `${changed} changed` : `all to look at: ${scanReasonText[scan]}`
    yield `  watches   ${source}: ${directories} directories, ${then}`
  }
  for (const { source, atMs } of next) yield `  next      ${source}: ${at(atMs)}`
}
