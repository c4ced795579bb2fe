/** Which facility: the one that was named, or the platform's own. */

import { BackupError } from '../../base/errors.ts'
import { exists } from '../../base/files.ts'
import { cron } from './cron.ts'
import { daemon } from './daemon.ts'
import type { Facility, FacilityName } from './facility.ts'
import { launchd } from './launchd.ts'
import { systemd } from './systemd.ts'
import { taskScheduler } from './task-scheduler.ts'

/** The platform's own comes first. */
export function facilitiesOf(platform: NodeJS.Platform): readonly Facility[] {
  if (platform === 'win32') return [taskScheduler]
  if (platform === 'darwin') return [launchd, cron]
  if (platform === 'linux') return [systemd, cron, daemon]
  return [cron]
}

/** sd_booted(3) */
const systemdFolder = '/run/systemd/system'

/** @throws BackupError `usage` */
export async function chooseFacility(
  platform: NodeJS.Platform,
  named: FacilityName | undefined,
): Promise<Facility> {
  const possible = facilitiesOf(platform)
  if (named === undefined) {
    const runsSystemd = platform !== 'linux' || (await exists(systemdFolder))
    return (runsSystemd ? possible[0] : undefined) ?? cron
  }
  const chosen = possible.find(({ name }) => name === named)
  if (chosen !== undefined) return chosen
  const names = possible.map(({ name }) => name).join(', ')
  throw new BackupError('usage', `There is no ${named} on this system.`, {
    hint: `It can be: ${names}.`,
  })
}
