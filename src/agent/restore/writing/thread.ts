/** A thread of a restore. */

import { workerData } from 'node:worker_threads'
import { Secret } from '../../../base/secret.ts'
import { keysOfHeld } from '../../../crypto/held-key.ts'
import { serveJobs } from '../../../workers/serve-jobs.ts'
import { createWritingEngine } from './engine.ts'
import type { ThreadSetup, WritingJob } from './messages.ts'

const { keys, writing } = workerData as ThreadSetup
const { heldKey, repositoryId, epoch } = keys

const engine = createWritingEngine(writing, keysOfHeld(new Secret(heldKey), repositoryId, epoch))
// Whoever sends the first job hears of it.
engine.catch(() => undefined)

serveJobs(async (job) => (await engine)(job as WritingJob))
