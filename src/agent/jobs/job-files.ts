/**
 * The jobs of this machine, a file each, and a lock that the process holds which is at it: the system drops it with the
 * process, so that a job that died is known to have ended.
 */

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError, errorCodeOf, systemCodeOf } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import { stateFile } from '../state/state-file.ts'
import { systemCalls } from '../system/open.ts'
import { acquireLock } from '../system/run-lock.ts'
import { jobSchema, type Job, type JobFacts } from './job.ts'

/** Ended ones beyond that are forgotten, the oldest first. */
const keptJobs = 200

export interface OpenJob {
  readonly job: Job
  /** Known at once to this process, and now and then to the others. */
  readonly note: (facts: JobFacts) => void
  /** Written down when it resolves, if that can be; the lock is gone. */
  readonly end: (facts: JobFacts) => Promise<Job>
}

export interface JobPlace {
  /** The folder of the jobs. */
  readonly directory: string
  readonly clock: Clock
}

type NewJob = Pick<Job, 'kind' | 'source'> & { readonly random: RandomBytes }

const writeEveryMs = 3_000

export async function beginJob(
  { directory, clock }: JobPlace,
  { kind, source, random }: NewJob,
): Promise<OpenJob> {
  await makeDirectoryDurable(directory)
  await forgetOldest(directory)
  const id = toHex(random(16))
  const lock = acquireLock(systemCalls(), lockPath(directory, id))
  const file = stateFile(filePath(directory, id), jobSchema)
  let job: Job = {
    ...{ id, kind, source, pid: process.pid, startedAt: clock.now(), endedAt: null },
    ...{ phase: 'starting', outcome: 'running', errorCode: null, pointId: null },
    ...{ files: 0, bytesRead: 0, bytesSent: 0, bytesStored: 0, leftOut: 0, isTold: false },
  }
  await file.save(job)
  let writing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = () => {
    clearTimeout(timer)
    timer = undefined
    // How far a job has come is no reason to stop it.
    writing = writing.then(() => file.save(job)).catch(() => undefined)
  }
  return {
    get job() {
      return job
    },
    note: (facts) => {
      const isNewPhase = facts.phase !== undefined && facts.phase !== job.phase
      job = { ...job, ...facts }
      if (isNewPhase) write()
      else timer ??= setTimeout(write, writeEveryMs).unref()
    },
    end: async (facts) => {
      job = { ...job, ...facts, phase: 'ended', endedAt: clock.now() }
      write()
      await writing
      lock?.release()
      return job
    },
  }
}

const filePath = (directory: string, id: string): string => join(directory, `${id}.json`)
const lockPath = (directory: string, id: string): string => join(directory, `${id}.lock`)

/** The newest first. What can not be read is left out. */
export async function listJobs(directory: string): Promise<Job[]> {
  const jobs: Job[] = []
  for (const id of await idsIn(directory)) {
    const job = await loadJob(directory, id)
    if (job !== undefined) jobs.push(job)
  }
  return jobs.sort((a, b) => b.startedAt - a.startedAt)
}

async function idsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw error
  })
  return names.flatMap((name) => /^([0-9a-f]{32})\.json$/.exec(name)?.[1] ?? [])
}

/** As it is now: one whose process is gone was interrupted. */
async function loadJob(directory: string, id: string): Promise<Job | undefined> {
  const read = () => stateFile(filePath(directory, id), jobSchema).load()
  try {
    // Looked at before the file is read: one that ends meanwhile has written how.
    const isHeld = isLocked(directory, id)
    const job = await read()
    if (job?.outcome !== 'running' || isHeld) return job
    return { ...job, phase: 'ended', outcome: 'interrupted' }
  } catch (error) {
    if (['state-damaged', 'file-unreadable'].includes(errorCodeOf(error) ?? '')) return undefined
    throw error
  }
}

function isLocked(directory: string, id: string): boolean {
  const lock = acquireLock(systemCalls(), lockPath(directory, id))
  lock?.release()
  return lock === undefined
}

async function forgetOldest(directory: string): Promise<void> {
  const jobs = await listJobs(directory)
  for (const { id, outcome } of jobs.slice(keptJobs)) {
    if (outcome === 'running') continue
    await rm(filePath(directory, id), { force: true })
    await rm(lockPath(directory, id), { force: true })
  }
}

export async function noteTold(directory: string, job: Job): Promise<void> {
  await stateFile(filePath(directory, job.id), jobSchema).save({ ...job, isTold: true })
}

/** Of a job that has ended: what the file has learned meanwhile stays. */
export async function noteNotice(
  directory: string,
  id: string,
  facts: Pick<Job, 'notice' | 'noticeFailure'>,
): Promise<void> {
  const file = stateFile(filePath(directory, id), jobSchema)
  const job = await file.load()
  if (job !== undefined) await file.save({ ...job, ...facts })
}

/** By the beginning of its id. @throws BackupError `not-found`, `usage` */
export async function findJob(directory: string, text: string): Promise<Job> {
  const found = (await listJobs(directory)).filter(({ id }) => id.startsWith(text.toLowerCase()))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (only !== undefined) throw new BackupError('usage', `More than one job begins with ${text}.`)
  throw new BackupError('not-found', `There is no job ${text}.`, {
    hint: 'backup jobs lists them.',
  })
}

/**
 * Tells the process of a job to end. It holds the job's lock, so it is that process; one that has ended meanwhile needs no
 * signal.
 */
export function tellToEnd(directory: string, { id, pid }: Job): boolean {
  if (!isLocked(directory, id)) return false
  try {
    return process.kill(pid, 'SIGTERM')
  } catch (error) {
    if (systemCodeOf(error) === 'ESRCH') return false
    throw error
  }
}
