/** What commands need that only look at this machine's own state: the directory it lies in, and the source that is meant. */

import type { Command } from 'commander'
import { givenSourceName } from '../../agent/policy-file/source-name.ts'
import { openState, type AgentState } from '../../agent/state/state.ts'
import { agentStateDirectory } from '../../config/agent-places.ts'
import type { SourceName } from '../../model/ids.ts'
import type { Host } from './context.ts'

export const stateOf = ({ env, platform, getuid }: Host): AgentState =>
  openState(
    agentStateDirectory({ env, platform, isRoot: platform !== 'win32' && getuid?.() === 0 }),
  )

/** `--source NAME`, where it was given. @throws BackupError `usage` */
export function sourceOption(command: Command): SourceName | undefined {
  const { source } = command.optsWithGlobals<{ source?: string }>()
  return source === undefined ? undefined : givenSourceName(source)
}
