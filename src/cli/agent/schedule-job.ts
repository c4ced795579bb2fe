/** What a facility is to start on this machine, and for whom. */

import { join, resolve } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import type { Job, Owner } from '../../agent/schedule/facility.ts'
import { sourcesToRun } from '../../agent/schedule/due.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { defaultSchedule } from '../../policy/schedule.ts'
import type { Host } from './context.ts'

/** @throws BackupError `usage` where a user asks for what only root can do */
export async function jobOf(host: Host, state: AgentState, isSystemWanted: boolean): Promise<Job> {
  const policies = sourcesToRun(await state.loadPolicy())
  const schedules = policies.map(([, { schedule }]) => schedule ?? defaultSchedule)
  const settings = (await state.registration.load().catch(() => undefined))?.keyStore
  const [node = process.execPath, script = 'backup'] = host.argv
  return {
    owner: ownerOf(host, isSystemWanted),
    program: { node, script: resolve(host.cwd(), script) },
    stateDirectory: resolve(host.cwd(), state.directory),
    credential: settings?.kind === 'none' ? settings.credential : undefined,
    schedules: schedules.length > 0 ? schedules : [defaultSchedule],
  }
}

/** Root's are the machine's. */
function ownerOf({ env, platform, getuid }: Host, isSystemWanted: boolean): Owner {
  const uid = platform === 'win32' ? undefined : getuid?.()
  if (isSystemWanted && uid !== undefined && uid !== 0) {
    throw new BackupError('usage', 'Only root can install it for the whole machine.', {
      hint: 'Register and run as root, too: the state and the key are those of the user who runs.',
    })
  }
  const user = env['USERNAME']
  return {
    isSystem: isSystemWanted || uid === 0,
    home: env['HOME'] ?? env['USERPROFILE'] ?? '/',
    configHome: env['XDG_CONFIG_HOME'] || undefined,
    uid,
    userName: user === undefined ? undefined : join(env['USERDOMAIN'] ?? '', user),
  }
}
