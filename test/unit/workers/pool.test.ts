/** Real threads that answer jobs; their script is plain text, because a thread can not load what tests are made of. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { startPool, type Pool } from '../../../src/workers/pool.ts'

/** Doubles numbers; what is no number ends the thread, or is refused. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ number, job }) => {
      if (job === 'end') process.exit(3)
      if (job === 'throw') throw new Error('broken')
      if (job === 'refuse') {
        const error = { kind: 'own', code: 'damaged', message: 'no', hint: 'h' }
        return parentPort.postMessage({ number, error })
      }
      parentPort.postMessage({ number, answer: [job * workerData, threadId] })
    })`)}`,
)

function started(threads: number): Pool<number | string, readonly [number, number]> {
  const pool = startPool<number | string, readonly [number, number]>({ script, setup: 2, threads })
  onTestFinished(() => pool.close())
  return pool
}

describe('a pool of threads', () => {
  it('answers each job, and begins no more threads than it may', async () => {
    const pool = started(2)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => pool.run(at)))
    expect(answers.map(([answer]) => answer)).toEqual(Array.from({ length: 50 }, (_, at) => at * 2))
    expect(new Set(answers.map(([, thread]) => thread)).size).toBe(2)
  })

  it('begins one thread where one job comes after the other', async () => {
    const pool = started(4)
    const threads = new Set<number>()
    for (let at = 0; at < 5; at++) threads.add((await pool.run(at))[1])
    expect(threads.size).toBe(1)
  })

  it('hands on what a job fails with, and goes on', async () => {
    const pool = started(1)
    await expect(pool.run('refuse')).rejects.toMatchObject({ code: 'damaged', hint: 'h' })
    expect((await pool.run(4))[0]).toBe(8)
  })

  it.each(['end', 'throw'])('lets nobody wait when a thread comes to its end: %s', async (how) => {
    const pool = started(2)
    const jobs = [how, 1, 2, 3, 4, 5, 6].map((job) => pool.run(job))
    const ended = await Promise.allSettled(jobs)
    expect(ended[0]).toMatchObject({ status: 'rejected', reason: { code: 'internal' } })
    await expect(pool.run(1)).rejects.toMatchObject({ code: 'internal' })
  })
})
