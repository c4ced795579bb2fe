/** The Windows Task Scheduler: a task of the user, or of the machine's own account. */

import { win32 } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import type { Facility, Job, WriteFile } from './facility.ts'
import { filesState } from './files-state.ts'
import { checkPaths } from './paths.ts'
import { environmentPath, taskBytes } from './task-xml.ts'
import { checkNoVariables, environmentLine } from './windows-words.ts'

export const taskScheduler: Facility = {
  name: 'task-scheduler',
  planInstall: (job) => {
    checkPaths(job)
    checkNoVariables(job.program.node, job.program.script, job.stateDirectory)
    const create = schtasks('/Create', '/TN', taskName, '/XML', taskPath(job), '/F')
    return [...filesOf(job), create]
  },
  planRemove: async (job, execute) => {
    const { code } = await execute(schtasks('/Query', '/TN', taskName))
    const files = filesOf(job).map(({ path, mark }) => ({ kind: 'remove', path, mark }) as const)
    return code === 0 ? [schtasks('/Delete', '/TN', taskName, '/F'), ...files] : []
  },
  inspect: async (job, execute) => {
    const { code } = await execute(schtasks('/Query', '/TN', taskName))
    if (code !== 0) return 'absent'
    return (await filesState(filesOf(job))) === 'on' ? 'on' : 'outdated'
  },
}

const taskName = 'backup-agent'

const taskPath = ({ stateDirectory }: Job): string => win32.join(stateDirectory, 'schedule.xml')

/** In the state directory, where every file is ours. */
function filesOf(job: Job): WriteFile[] {
  const environment = environmentLine('BACKUP_STATE_DIR', job.stateDirectory)
  return [
    { kind: 'write', path: environmentPath(job), bytes: utf8(environment), mark: '' },
    { kind: 'write', path: taskPath(job), bytes: taskBytes(job), mark: '' },
  ]
}

const schtasks = (...words: readonly string[]) =>
  ({ kind: 'run', program: 'schtasks', words }) as const
