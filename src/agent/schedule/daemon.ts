/** The daemon as a service of systemd, of the machine or of a user's manager. */

import { join } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { exists } from '../../base/files.ts'
import { daemonServiceText, daemonUnitName } from './daemon-unit.ts'
import type { Facility, Job, Owner, Plan, WriteFile } from './facility.ts'
import { filesState } from './files-state.ts'
import { mark } from './paths.ts'
import { checkUnitPaths, isEnabled, systemctl, unitFolder } from './systemd.ts'

export const daemon: Facility = {
  name: 'daemon',
  planInstall: (job) => {
    checkUnitPaths(job)
    const { owner } = job
    return [
      fileOf(job),
      systemctl(owner, 'daemon-reload'),
      systemctl(owner, 'enable', daemonUnitName),
      systemctl(owner, 'restart', daemonUnitName),
    ]
  },
  planRemove: async ({ owner }) => {
    const path = pathOf(owner)
    if (!(await exists(path))) return []
    return [
      { ...systemctl(owner, 'disable', '--now', daemonUnitName), mayFail: true },
      { kind: 'remove', path, mark },
      systemctl(owner, 'daemon-reload'),
    ] satisfies Plan
  },
  inspect: async (job, execute) => {
    const files = await filesState([fileOf(job)])
    if (files !== 'on') return files
    return (await isEnabled(job.owner, daemonUnitName, execute)) ? 'on' : 'off'
  },
}

const pathOf = (owner: Owner): string => join(unitFolder(owner), daemonUnitName)

const fileOf = (job: Job): WriteFile => ({
  kind: 'write',
  path: pathOf(job.owner),
  bytes: utf8(daemonServiceText(job)),
  mark,
})
