import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bufferOf, systemRandom, utf8 } from '../../../../src/base/bytes.ts'
import { planRestore } from '../../../../src/agent/restore/plan.ts'
import { restorePoint } from '../../../../src/agent/restore/restore.ts'
import {
  ownPlace,
  temporaryNames,
  type ProcessPlace,
} from '../../../../src/agent/restore/temporary-names.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { createTestRepository } from '../../../support/test-repository.ts'

/** The number of a process that has ended. */
const endedPid = () => spawnSync(process.execPath, ['--version']).pid

const nameBy = (place: Partial<ProcessPlace>): string =>
  bufferOf(temporaryNames(systemRandom, { ...ownPlace(Date.now()), ...place })()).toString()

async function restoreTo(to: string) {
  const test = createTestRepository()
  const file = test.file('file', utf8('content'))
  const facts = test.commit(test.directory('', [test.directory('sub', [file]), file]))
  const { manifest, index } = await openPoint(test.repository, facts)
  const chunks = createChunkReader(test.repository, index)
  const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
  const plan = await planRestore(point, { paths: [], strip: false })
  return restorePoint(point, plan, restoreOptions(test.repository, { to, chunks }))
}

describe('a restore', () => {
  it('removes what restores left in its directories that were killed', async () => {
    const to = scratchDirectory()
    mkdirSync(join(to, 'sub'))
    mkdirSync(join(to, 'other'))
    const pid = endedPid()
    const [top, below, elsewhere] = [nameBy({ pid }), nameBy({ pid }), nameBy({ pid })]
    const early = nameBy({ boot: '0123456789ab' })
    writeFileSync(join(to, top), 'half')
    writeFileSync(join(to, 'sub', below), 'half')
    writeFileSync(join(to, 'other', elsewhere), 'half')
    writeFileSync(join(to, early), 'half')
    utimesSync(join(to, early), 1, 1)
    expect(await restoreTo(to)).toMatchObject({ files: 2, failureCount: 0 })
    expect(readdirSync(to).sort()).toEqual(['file', 'other', 'sub'])
    expect(readdirSync(join(to, 'sub'))).toEqual(['file'])
    // It looks into nothing that it does not restore.
    expect(readdirSync(join(to, 'other'))).toEqual([elsewhere])
  })

  it('leaves what may be in use, of another machine, or something else by that name', async () => {
    const to = scratchDirectory()
    const pid = endedPid()
    const names = [
      nameBy({ pid: process.ppid }),
      nameBy({}),
      nameBy({ pid, machine: '0123456789ab' }),
      // Written after this machine was started, so by another one.
      nameBy({ boot: '0123456789ab' }),
      nameBy({ pid }).replace('.tmp', ''),
    ]
    for (const name of names) writeFileSync(join(to, name), 'mine')
    const [link, directory] = [nameBy({ pid }), nameBy({ pid })]
    symlinkSync('nowhere', join(to, link))
    mkdirSync(join(to, directory))
    expect(await restoreTo(to)).toMatchObject({ files: 2, failureCount: 0 })
    const there = [...names, link, directory, 'file', 'sub'].sort()
    expect(readdirSync(to).sort()).toEqual(there)
    expect(readFileSync(join(to, names[0] ?? ''), 'utf8')).toBe('mine')
  })
})
