/** Whether the system watches as many directories as the daemon wants to, and tells of as many changes. */

import { readFile } from 'node:fs/promises'
import { askLocally, socketPath } from '../../agent/daemon/local-socket.ts'
import { daemonStatusSchema } from '../../agent/daemon/daemon-status.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { ok, warning, type Finding } from './doctor-finding.ts'

export async function checkWatching({ host }: CommandContext, state: AgentState): Promise<Finding> {
  const answer = await askLocally(socketPath(state.directory, host.platform), 'status')
  const status = daemonStatusSchema.safeParse(answer)
  if (!status.success || host.platform !== 'linux') return ok('nothing is watched: no daemon runs')
  const { watched } = status.data
  return judgeWatching({
    directories: watched.reduce((sum, { directories }) => sum + directories, 0),
    isRefused: watched.some(({ scan }) => scan === 'watch-limit'),
    mostWatches: await limitNamed('max_user_watches'),
    queueLength: await limitNamed('max_queued_events'),
  })
}

const limitNamed = async (name: string): Promise<number> =>
  Number(await readFile(`/proc/sys/fs/inotify/${name}`, 'utf8'))

export interface WatchFacts {
  readonly directories: number
  /** The system has refused a watch. */
  readonly isRefused: boolean
  readonly mostWatches: number
  readonly queueLength: number
}

/** Giving all watches up tells of each directory, and half of a queue in one turn ends all trust. */
const queuePerDirectory = 2
/** Others of the same user watch as well. */
const ampleShare = 0.8

export function judgeWatching(facts: WatchFacts): Finding {
  const { directories, isRefused, mostWatches, queueLength } = facts
  const said = `${directories} directories`
  if (isRefused || directories > mostWatches * ampleShare) {
    const wanted = roundUp(2 * Math.max(directories, mostWatches))
    return warning(
      `The system watches at most ${mostWatches} directories of one user; ${said} are watched here${isRefused ? ', and no more' : ''}.`,
      `Put into /etc/sysctl.d/90-backup.conf, and run sysctl --system: fs.inotify.max_user_watches=${wanted}`,
    )
  }
  if (directories * queuePerDirectory > queueLength) {
    const wanted = roundUp(directories * queuePerDirectory)
    return warning(
      `The system keeps at most ${queueLength} changes that were not looked at yet, few for ${said}: runs will look at everything more often.`,
      `Put into /etc/sysctl.d/90-backup.conf, run sysctl --system and start the daemon anew: fs.inotify.max_queued_events=${wanted}`,
    )
  }
  return ok(`${said} are watched; the system allows ${mostWatches}`)
}

/** To a number that people would choose. */
const roundUp = (number: number): number => 2 ** Math.ceil(Math.log2(Math.max(number, 1)))
