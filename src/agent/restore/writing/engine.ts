/**
 * What a thread of a restore does: opens segments, checks their chunks, and writes the files that a chunk is all of, as
 * the main thread would: through directories that it opened itself.
 */

import { statSync } from 'node:fs'
import { BackupError } from '../../../base/errors.ts'
import { chunkId } from '../../../crypto/chunk-id.ts'
import type { RepositoryKeys } from '../../../crypto/keys.ts'
import { openSegments, type ChunkOutcome } from '../../../repository/segment-job.ts'
import type { JobDone } from '../../../workers/serve-jobs.ts'
import { systemCalls } from '../../system/open.ts'
import type { FileContext } from '../context.ts'
import type { Identity } from '../hard-links.ts'
import { restoreFile } from '../restoring-file.ts'
import { openPresent } from '../target/open-target.ts'
import type { Target } from '../target/target.ts'
import { bytesOf, itemOfJob } from './file-job.ts'
import type {
  FileDone,
  FileJob,
  Remark,
  WritingJob,
  WritingOutcomes,
  WritingSetup,
} from './messages.ts'
import { gatheringReport } from './remarks.ts'

export type WritingEngine = (job: WritingJob) => Promise<JobDone<WritingOutcomes>>

/** @throws BackupError `target-refused` where another directory has the target's path by now */
export async function createWritingEngine(
  setup: WritingSetup,
  keys: RepositoryKeys,
): Promise<WritingEngine> {
  const target = await sameTarget(setup)
  const shared = {
    target,
    system: systemCalls(),
    nowNs: setup.nowNs,
    ownUser: process.geteuid?.(),
    attributes: { ...setup.attributes, ownerOf: (uid: number, gid: number) => ({ uid, gid }) },
    readsBack: false,
    nameOf: (plaintext: Uint8Array) => chunkId(keys, 1, plaintext),
    tree: inlineValues,
  }
  const write = async (job: FileJob, plaintext: Uint8Array): Promise<FileDone> => {
    const remarks: Remark[] = []
    let identity: Identity | undefined
    const context: FileContext = {
      ...shared,
      temporaryName: () => bytesOf(job.temporary),
      report: gatheringReport(remarks),
    }
    const file = restoreFile(itemOfJob(job), context, (found) => (identity = found))
    await file.write(plaintext, 0)
    return { identity, remarks }
  }
  const writeAll = async (files: readonly FileJob[], plaintext: Uint8Array) => {
    const done: FileDone[] = []
    for (const file of files) done.push(await write(file, plaintext))
    return done
  }
  return async (job) => {
    const answer = await openSegments(job, keys, writeAll)
    return { answer, transfer: answer.flatMap(memoryOf) }
  }
}

/** Of what is sent to threads, nothing has to be fetched. */
const inlineValues: FileContext['tree'] = {
  attribute: (attribute) =>
    'value' in attribute
      ? Promise.resolve(attribute.value)
      : Promise.reject(new RangeError('a value that is not there')),
  content: () => {
    throw new RangeError('chunks that are not there')
  },
}

/** The path may have been given to something else since the main thread opened it. */
async function sameTarget({ path, identity }: WritingSetup): Promise<Target> {
  const target = await openPresent(path)
  const found = await identityOf(target)
  if (found.dev === identity.dev && found.ino === identity.ino) return target
  throw new BackupError('target-refused', `${path} is another directory than a moment ago.`)
}

export const identityOf = (target: Target): Promise<Identity> =>
  target.withDirectory([], ({ self }) => {
    const { dev, ino } = statSync(self, { bigint: true })
    return Promise.resolve({ dev, ino })
  })

const memoryOf = (outcome: ChunkOutcome<unknown>): ArrayBuffer[] =>
  outcome.kind === 'plaintext' ? [outcome.bytes.buffer] : []
