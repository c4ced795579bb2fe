/** systemd: a timer with the policy's times and zone, and the service that it starts; of the machine, or of a user's manager. */

import { join } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { exists } from '../../base/files.ts'
import type { Execute } from './execute.ts'
import type { Facility, Job, Owner, Plan, WriteFile } from './facility.ts'
import { filesState } from './files-state.ts'
import { checkPaths, mark, refusePath } from './paths.ts'
import { serviceText, timerText, unitName } from './systemd-units.ts'

export const systemd: Facility = {
  name: 'systemd',
  planInstall: (job) => {
    checkUnitPaths(job)
    const { owner } = job
    return [
      ...filesOf(job),
      systemctl(owner, 'daemon-reload'),
      systemctl(owner, 'enable', timer),
      // Started anew, it knows its new times.
      systemctl(owner, 'restart', timer),
    ]
  },
  planRemove: async ({ owner }) => {
    const paths = unitPaths(owner)
    if (!(await exists(paths.timer)) && !(await exists(paths.service))) return []
    return [
      { ...systemctl(owner, 'disable', '--now', timer), mayFail: true },
      { kind: 'remove', path: paths.timer, mark },
      { kind: 'remove', path: paths.service, mark },
      systemctl(owner, 'daemon-reload'),
    ] satisfies Plan
  },
  inspect: async (job, execute) => {
    const files = await filesState(filesOf(job))
    if (files !== 'on') return files
    return (await isEnabled(job.owner, timer, execute)) ? 'on' : 'off'
  },
}

const timer = `${unitName}.timer`
const service = `${unitName}.service`

function unitPaths(owner: Owner) {
  const folder = unitFolder(owner)
  return { timer: join(folder, timer), service: join(folder, service) }
}

function filesOf(job: Job): WriteFile[] {
  const paths = unitPaths(job.owner)
  return [
    { kind: 'write', path: paths.service, bytes: utf8(serviceText(job)), mark },
    { kind: 'write', path: paths.timer, bytes: utf8(timerText(job)), mark },
  ]
}

export const unitFolder = ({ isSystem, home, configHome }: Owner): string =>
  isSystem ? '/etc/systemd/system' : join(configHome ?? join(home, '.config'), 'systemd', 'user')

/** @throws BackupError `usage` */
export function checkUnitPaths(job: Job): void {
  checkPaths(job)
  // However they are quoted, systemd takes none of these in the name of a program.
  refusePath(job.program.node, /["'\\]/, 'quotes or backslashes')
}

export const systemctl = (owner: Owner, ...words: readonly string[]) =>
  ({
    kind: 'run',
    program: 'systemctl',
    words: owner.isSystem ? words : ['--user', ...words],
  }) as const

export async function isEnabled(owner: Owner, unit: string, execute: Execute): Promise<boolean> {
  const enabled = await execute(systemctl(owner, 'is-enabled', unit))
  const active = await execute(systemctl(owner, 'is-active', unit))
  return enabled.code === 0 && active.code === 0
}
