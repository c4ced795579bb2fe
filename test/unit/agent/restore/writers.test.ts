/** Files that other threads write: the same result, the same safety, and nothing half when one of them ends. */

import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BackupError } from '../../../../src/base/errors.ts'
import { planRestore } from '../../../../src/agent/restore/plan.ts'
import { restorePoint, type RestoreOptions } from '../../../../src/agent/restore/restore.ts'
import { createWritingEngine } from '../../../../src/agent/restore/writing/engine.ts'
import type {
  FileJob,
  Writers,
  WritingJob,
  WritingOutcomes,
} from '../../../../src/agent/restore/writing/messages.ts'
import { writingSetup } from '../../../../src/agent/restore/writing/start-writers.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { openTarget } from '../../../../src/agent/restore/target/open-target.ts'
import { utf8 } from '../../../../src/base/bytes.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { createTestRepository } from '../../../support/test-repository.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { listTree } from '../../../support/tree-listing.ts'

const system = systemCalls()

/** 400 files in four directories, three of them of several chunks; equal ones, empty ones, names of one file, attributes. */
function sourceTree(): string {
  const folder = join(scratchDirectory(), 'data')
  for (let at = 0; at < 400; at++) {
    const path = join(folder, `d${at % 4}`, `f${at}`)
    mkdirSync(dirname(path), { recursive: true })
    const length = at % 150 === 7 ? 1_500_000 : at % 11 === 0 ? 0 : 900 + at
    writeFileSync(path, pseudoRandomBytes(`${at % 390}`, length), { mode: 0o600 + (at % 8) })
    utimesSync(path, at, 1_000 + at / 7)
  }
  linkSync(join(folder, 'd1/f1'), join(folder, 'd2/also'))
  if (system.hasXattrs) system.setXattr(utf8(join(folder, 'd1/f5')), utf8('user.k'), utf8('v'))
  return folder
}

type RunJob = (job: WritingJob, work: () => Promise<WritingOutcomes>) => Promise<WritingOutcomes>

type StartWriters = NonNullable<RestoreOptions['startWriters']>

function committed() {
  const test = createTestRepository({ segmentBytes: 20_000 })
  const folder = sourceTree()
  const facts = test.commit(test.directory('', [test.capture(folder, 100_000)]))
  const restore = async (startWriters?: StartWriters) => {
    const to = scratchDirectory()
    const { manifest, index } = await openPoint(test.repository, facts)
    const chunks = createChunkReader(test.repository, index)
    const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
    const plan = await planRestore(point, { paths: [], strip: false })
    const usual = restoreOptions(test.repository, { to, chunks })
    const options = startWriters === undefined ? usual : { ...usual, startWriters }
    const names = () => readdirSync(to, { recursive: true, encoding: 'utf8' }).sort()
    return { to, names, run: () => restorePoint(point, plan, options) }
  }
  /** In this thread, but told no more than a thread is. */
  const inline =
    (run: RunJob = (_, work) => work()) =>
    async (parts: Parameters<StartWriters>[0]): Promise<Writers> => {
      const setup = structuredClone(await writingSetup(parts))
      const engine = await createWritingEngine(setup, test.repository.keys)
      const work = async (job: WritingJob) => structuredClone((await engine(job)).answer)
      return {
        run: (job, transfer = []) => {
          const sent = structuredClone(job, { transfer: [...transfer] })
          return run(sent, () => work(sent))
        },
        close: () => Promise.resolve(),
      }
    }
  return { test, folder, restore, inline }
}

const filesOf = ({ segments }: WritingJob): FileJob[] =>
  segments.flatMap(({ chunks }) => chunks.flatMap(({ use }) => use ?? []))

describe('files that other threads write', () => {
  it('come out the same', async () => {
    const { folder, restore, inline } = committed()
    let files = 0
    const counted = inline((job, work) => {
      files += filesOf(job).length
      return work()
    })
    const [alone, shared] = [await restore(), await restore(counted)]
    const results = [await alone.run(), await shared.run()]
    expect(results[1]).toEqual(results[0])
    expect(results[1]).toMatchObject({ files: 401, hardLinks: 1, failureCount: 0 })
    expect(files).toBeGreaterThan(300)
    expect(listTree(join(shared.to, 'data'))).toEqual(listTree(folder))
  })

  it('are missing where their segment is damaged, and no others', async () => {
    const { test, folder, restore, inline } = committed()
    const chunk = test.add(1, readFileSync(join(folder, 'd1/f5')))
    const { pack, middle } = test.placeOf(chunk.id)
    test.vault.flip(pack, middle)
    const [alone, shared] = [await restore(), await restore(inline())]
    const results = [await alone.run(), await shared.run()]
    const failed = results.map(({ failures }) =>
      failures.map(({ path, code }) => `${code} ${Buffer.concat([...path]).toString()}`).sort(),
    )
    expect(failed[1]).toEqual(failed[0])
    expect(failed[1]).toContain('damaged datad1f5')
    expect(failed[1]?.length).toBeLessThan(40)
    expect(shared.names()).toEqual(alone.names())
  })

  it('are whole or not there when a thread ends, and nothing waits for it', async () => {
    const { folder, restore, inline } = committed()
    let [jobs, ended] = [0, false]
    const ending: { to?: string } = {}
    const shared = await restore(
      inline(async (job, work) => {
        if (++jobs < 2 || filesOf(job).length === 0) return work()
        ended = true
        for (const { directory, temporary } of filesOf(job).slice(0, 2))
          writeFileSync(join(ending.to ?? '', directory, temporary), 'half')
        throw new BackupError('internal', 'A thread ended.')
      }),
    )
    ending.to = shared.to
    await expect(shared.run()).rejects.toMatchObject({ code: 'internal' })
    expect(ended).toBe(true)
    expect(shared.names().filter((name) => name.includes('.restore-'))).toEqual([])
    const files = shared.names().filter((name) => /f\d+$/.test(name))
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) {
      const [made, original] = [join(shared.to, name), join(folder, '..', name)]
      expect(readFileSync(made).equals(readFileSync(original))).toBe(true)
    }
  })

  it('end the restore where the disk is full', async () => {
    const { restore, inline } = committed()
    const full = { kind: 'other', code: 'ENOSPC', message: 'no space' } as const
    const remark = { kind: 'failed', part: { kind: 'content' }, error: full } as const
    const done = { identity: undefined, remarks: [remark] }
    const shared = await restore(
      inline((job) =>
        Promise.resolve(
          job.segments.flatMap(({ chunks }) =>
            chunks.map(({ use }) =>
              use === undefined
                ? ({ kind: 'unreadable' } as const)
                : ({ kind: 'used', done: use.map(() => done) } as const),
            ),
          ),
        ),
      ),
    )
    await expect(shared.run()).rejects.toMatchObject({ code: 'disk-full' })
    expect(shared.names().filter((name) => name.includes('.restore-'))).toEqual([])
  })

  it.runIf(process.platform === 'linux')(
    'are not written through a link that takes the place of a directory',
    async () => {
      const { restore, inline } = committed()
      const outside = scratchDirectory()
      const ending: { to?: string } = {}
      const shared = await restore(
        inline((_, work) => {
          const directory = join(ending.to ?? '', 'data/d1')
          if (existsSync(directory) && !existsSync(`${directory}.moved`)) {
            renameSync(directory, `${directory}.moved`)
            symlinkSync(outside, directory)
          }
          return work()
        }),
      )
      ending.to = shared.to
      const { failures } = await shared.run()
      expect(readdirSync(outside)).toEqual([])
      expect(failures.map(({ code }) => code)).toContain('target-refused')
    },
  )

  it('are not written into another directory that has the path of the target', async () => {
    const { test } = committed()
    const to = join(scratchDirectory(), 'to')
    const target = await openTarget(to)
    const setup = await writingSetup({
      ...{ target, nowNs: 0n },
      attributes: restoreOptions(test.repository, { to, chunks: {} as never }).attributes,
    })
    renameSync(to, `${to}.moved`)
    mkdirSync(to)
    const started = createWritingEngine(setup, test.repository.keys)
    await expect(started).rejects.toMatchObject({ code: 'target-refused' })
    await target.close()
  })
})
