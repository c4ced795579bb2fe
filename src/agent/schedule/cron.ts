/** cron: an entry of the user's crontab, root's for the whole machine. */

import { bufferOf } from '../../base/bytes.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { entryOf, entryText, withEntry, withoutEntry } from './crontab.ts'
import type { Execute } from './execute.ts'
import type { Facility, Step } from './facility.ts'
import { checkPaths, refusePath } from './paths.ts'

export const cron: Facility = {
  name: 'cron',
  planInstall: async (job, execute) => {
    checkPaths(job)
    // env(1) would take it for a variable.
    refusePath(job.program.node, /=/, 'an equals sign')
    return [write(withEntry(await readCrontab(execute), entryText(job)))]
  },
  planRemove: async (_job, execute) => {
    const crontab = await readCrontab(execute)
    const rest = withoutEntry(crontab)
    if (rest.length === crontab.length) return []
    return [rest.length > 0 ? write(rest) : { kind: 'run', program: 'crontab', words: ['-r'] }]
  },
  inspect: async (job, execute) => {
    try {
      const entry = entryOf(await readCrontab(execute))
      if (entry === undefined) return 'absent'
      return entry === entryText(job) ? 'on' : 'outdated'
    } catch (error) {
      if (errorCodeOf(error) === 'usage') return 'outdated'
      if (errorCodeOf(error) === 'scheduler-refused') return 'absent'
      throw error
    }
  },
}

const write = (crontab: Buffer): Step => ({
  kind: 'run',
  program: 'crontab',
  words: ['-'],
  input: crontab,
})

/** Empty where the user has none. @throws BackupError `scheduler-refused` */
async function readCrontab(execute: Execute): Promise<Buffer> {
  const { code, stdout, stderr } = await execute({ program: 'crontab', words: ['-l'] })
  if (code === 0) return bufferOf(stdout)
  if (code !== undefined && /no crontab for/i.test(stderr)) return Buffer.alloc(0)
  const why = code === undefined ? 'there is no such program' : stderr.trim()
  throw new BackupError('scheduler-refused', `The crontab can not be read: ${why}.`, {
    hint: 'Install cron, or choose another facility by --with.',
  })
}
