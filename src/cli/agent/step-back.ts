/** `--background`: others come first, at the processor and at the disk. */

import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { messageOf } from '../../base/errors.ts'
import { systemCalls } from '../../agent/system/open.ts'
import type { CommandContext } from './context.ts'

/** What the system does not allow is said, and no reason not to go on. */
export function stepBack({ host, output }: CommandContext): void {
  try {
    for (const thread of threadsOf(host.platform)) {
      setPriority(thread, constants.priority.PRIORITY_LOW)
      systemCalls().lowerDiskPriority(thread)
    }
  } catch (error) {
    output.warn(`Warning: the priority stays as it is: ${messageOf(error)}`)
  }
}

/** Linux has priorities for each thread; those that are begun later are as the one that begins them. */
const threadsOf = (platform: NodeJS.Platform): number[] =>
  platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0]
