/** Runs that nobody watches leave a log in the state directory: what they would have said to a terminal. */

import { systemClock } from '../../base/clock.ts'
import { withLogFile } from '../render/log-file.ts'
import type { Host } from './context.ts'
import { stateOf } from './state-of.ts'

/** The host itself for all but `run` without a terminal. */
export function loggedHost(host: Host): Host {
  if (!host.argv.slice(2).includes('run') || host.stderr.isTTY === true) return host
  const path = stateOf(host).paths.log
  const now = () => systemClock.now()
  const logged = (stream: Host['stderr']) => withLogFile(stream, path, now)
  return {
    ...{ argv: host.argv, env: host.env, platform: host.platform, stdin: host.stdin },
    stdout: logged(host.stdout),
    stderr: logged(host.stderr),
    getuid: host.getuid?.bind(host),
    cwd: () => host.cwd(),
    on: (signal, listener) => host.on(signal, listener),
    off: (signal, listener) => host.off(signal, listener),
  }
}
