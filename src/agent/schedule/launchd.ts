/** launchd: an agent of the user, or a daemon of the machine. */

import { posix } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { exists } from '../../base/files.ts'
import type { Facility, Job, Owner, Plan, WriteFile } from './facility.ts'
import { filesState } from './files-state.ts'
import { jobLabel, plistText } from './launchd-plist.ts'
import { checkPaths, mark } from './paths.ts'

export const launchd: Facility = {
  name: 'launchd',
  planInstall: (job) => {
    checkPaths(job)
    const domain = domainOf(job.owner)
    return [
      fileOf(job),
      { ...launchctl('bootout', `${domain}/${jobLabel}`), mayFail: true },
      launchctl('enable', `${domain}/${jobLabel}`),
      launchctl('bootstrap', domain, plistPath(job.owner)),
    ]
  },
  planRemove: async ({ owner }) => {
    if (!(await exists(plistPath(owner)))) return []
    return [
      { ...launchctl('bootout', `${domainOf(owner)}/${jobLabel}`), mayFail: true },
      { kind: 'remove', path: plistPath(owner), mark },
    ] satisfies Plan
  },
  inspect: async (job, execute) => {
    const files = await filesState([fileOf(job)])
    if (files !== 'on') return files
    const { code } = await execute(launchctl('print', `${domainOf(job.owner)}/${jobLabel}`))
    return code === 0 ? 'on' : 'off'
  },
}

const plistPath = ({ isSystem, home }: Owner): string =>
  isSystem
    ? `/Library/LaunchDaemons/${jobLabel}.plist`
    : posix.join(home, 'Library', 'LaunchAgents', `${jobLabel}.plist`)

const fileOf = (job: Job): WriteFile => ({
  kind: 'write',
  path: plistPath(job.owner),
  bytes: utf8(plistText(job)),
  mark,
})

const domainOf = ({ isSystem, uid }: Owner): string => (isSystem ? 'system' : `gui/${uid ?? 0}`)

const launchctl = (...words: readonly string[]) =>
  ({ kind: 'run', program: 'launchctl', words }) as const
