/** The environment that a facility starts a run in, as far as a key store looks at it: not that of the shell that installs it. */

import { join } from 'node:path'
import type { FacilityName, Job } from './facility.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `here`: of the command that installs it, whose user will run it. */
export function runEnvironment(
  facility: FacilityName,
  { owner }: Job,
  here: Environment,
): Environment {
  const { PATH, LANG } = here
  const bare = { PATH: PATH ?? '/usr/bin:/bin', LANG }
  switch (facility) {
    case 'daemon':
    case 'systemd': {
      if (owner.isSystem) return bare
      const runtime = here['XDG_RUNTIME_DIR'] ?? `/run/user/${owner.uid ?? 0}`
      const bus = `unix:path=${join(runtime, 'bus')}`
      const { home: HOME } = owner
      return { ...bare, HOME, XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: bus }
    }
    case 'cron':
      return { PATH: '/usr/bin:/bin', HOME: owner.home, LOGNAME: here['LOGNAME'] }
    case 'launchd':
    case 'task-scheduler':
      return here
  }
}
