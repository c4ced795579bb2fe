/** The text of the systemd service that keeps the daemon running (systemd.service(5), systemd.kill(5)). */

import type { Job } from './facility.ts'
import { mark } from './paths.ts'
import { lines, networkLines, serviceLines } from './systemd-service.ts'

export const daemonUnitName = 'backup-agent-daemon.service'

export const daemonWords = ['agent', '--quiet'] as const

/** Stopped, the daemon alone is told, and ends its run by itself; whatever is there half a minute later is killed. */
export const daemonServiceText = (job: Job): string =>
  lines(
    `# ${mark}`,
    '[Unit]',
    'Description=Run backups when they are due',
    ...networkLines(job),
    '',
    '[Service]',
    'Type=exec',
    'Restart=on-failure',
    'RestartSec=1min',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    ...serviceLines(job, daemonWords),
    '',
    '[Install]',
    `WantedBy=${job.owner.isSystem ? 'multi-user.target' : 'default.target'}`,
  )
