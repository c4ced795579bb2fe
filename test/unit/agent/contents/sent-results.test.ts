import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FileFacts } from '../../../../src/agent/source/facts.ts'
import type { ContentJob, JobResult } from '../../../../src/agent/contents/messages.ts'
import { jobsSent, sentJobs } from '../../../../src/agent/contents/sent-jobs.ts'
import { resultsSent, sentResults } from '../../../../src/agent/contents/sent-results.ts'
import { chunkOf } from '../../../support/page-store.ts'

const size = fc.nat(2 ** 31 - 1).map((value) => value * 4096)
const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const orUndefined = (most: number) => fc.option(fc.nat(most), { nil: undefined })

const facts: fc.Arbitrary<FileFacts> = fc.record({
  ...{ kind: fc.constant('file' as const), sizeBytes: size, mtimeNs: time, ctimeNs: time },
  btimeNs: fc.option(
    time.filter((value) => value !== 0n),
    { nil: undefined },
  ),
  ...{ mode: orUndefined(0o7777), uid: orUndefined(2 ** 31), gid: orUndefined(2 ** 31) },
  ...{ inode: unsigned, deviceId: unsigned, links: fc.nat(), device: fc.constant(undefined) },
})
const chunk = fc.tuple(fc.string(), fc.integer({ min: 1, max: 2 ** 23 }))
const attribute = { name: Buffer.from('user.a'), value: Buffer.from('b') }
const file: fc.Arbitrary<JobResult> = fc.record({
  ...{ kind: fc.constant('file' as const), number: fc.nat() },
  file: fc.record({
    chunks: fc.array(chunk.map(([label, bytes]) => chunkOf(label, bytes))),
    ...{ sizeBytes: size, facts, hasHoles: fc.boolean(), changed: fc.boolean() },
    attributes: fc.constantFrom([], [], [attribute]),
    attributeFailures: fc.constantFrom([], [], [{ name: Buffer.from('user.c'), detail: 'no' }]),
  }),
})
const other = fc.constantFrom<JobResult>(
  { kind: 'value', number: 7, chunks: [chunkOf('value', 5)] },
  { kind: 'failed', number: 8, error: { code: 'EIO', message: 'EIO: i/o error' } },
)
const byNumber = (results: readonly JobResult[]) =>
  results.toSorted((a, b) => a.number - b.number || a.kind.localeCompare(b.kind))

it('brings over what a thread found, all of it', () => {
  const results = fc.uniqueArray(fc.oneof({ weight: 5, arbitrary: file }, other), {
    selector: ({ number }) => number,
  })
  fc.assert(
    fc.property(results, (given) => {
      const sent = structuredClone(sentResults(given))
      expect(byNumber(resultsSent(sent))).toEqual(byNumber(structuredClone(given)))
    }),
  )
})

it('brings jobs over with paths of their own', () => {
  const jobs: ContentJob[] = [
    { kind: 'file', number: 1, path: Buffer.from('/a/\xff', 'latin1') },
    { kind: 'value', number: 2, bytes: Buffer.from('value') },
    { kind: 'file', number: 3, path: Buffer.from('/b') },
  ]
  const sent = structuredClone(sentJobs(jobs))
  expect(sent.paths.buffer.byteLength).toBe(6)
  expect(jobsSent(sent)).toEqual(structuredClone(jobs))
})
