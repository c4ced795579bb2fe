import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bufferOf, utf8 } from '../../../../src/base/bytes.ts'
import { createKept, type KeptRules } from '../../../../src/agent/restore/mirror/kept.ts'
import { removeSurplus } from '../../../../src/agent/restore/mirror/remove.ts'
import { findSurplus, type Surplus } from '../../../../src/agent/restore/mirror/surplus.ts'
import { planRestore, type RestoreRequest } from '../../../../src/agent/restore/plan.ts'
import { lstatExact } from '../../../../src/agent/source/facts.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { splitPath } from '../../../../src/model/path.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { createTestRepository, namesOf } from '../../../support/test-repository.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

/** A point of `/home/data` with `file`, `sub/inner`, and a mount point that was left empty. */
async function pointOf() {
  const test = createTestRepository()
  const file = (name: string) => test.file(name, utf8(name))
  const mount = test.directory('mount', [], {
    flags: { changed: false, stale: false, mountPoint: true },
  })
  const data = test.directory('data', [file('file'), test.directory('sub', [file('inner')]), mount])
  const facts = test.commit(test.directory('', [test.directory('home', [data])]), {
    include: ['/home/data'],
  })
  const { manifest, index } = await openPoint(test.repository, facts)
  const tree = createTreeReader(createChunkReader(test.repository, index))
  return { root: manifest.root, include: manifest.selection.include.map(splitPath), tree }
}

/** What was restored, and what came later: below `data` and beside it. */
function target() {
  const to = scratchDirectory()
  const at = (...names: string[]) => join(to, 'home', ...names)
  for (const directory of ['data/sub', 'data/mount', 'data/new/deep', 'beside']) {
    mkdirSync(at(directory), { recursive: true })
  }
  for (const name of ['data/file', 'data/sub/inner', 'data/mount/disk', 'beside/mine']) {
    writeFileSync(at(name), name)
  }
  for (const name of ['data/later', 'data/sub/later', 'data/new/deep/file']) {
    writeFileSync(at(name), name)
  }
  symlinkSync(at('beside'), at('data/link'))
  return { to, at }
}

const noRules: KeptRules = {
  ...{ selections: [], settings: undefined, leftOut: [], own: undefined, nowMs: 0 },
}
const everything: RestoreRequest = { paths: [], strip: false }

async function surplusOf(
  to: string,
  rules: Partial<KeptRules> = {},
  request: RestoreRequest = everything,
) {
  const point = await pointOf()
  const include = point.include.map((names) => utf8(`/${names.map(textOf).join('/')}`))
  const selections = [{ include, exclude: [] }]
  const kept = createKept({ ...noRules, selections, ...rules })
  return findSurplus(await planRestore(point, request), { to, kept })
}

const textOf = (name: Uint8Array): string => bufferOf(name).toString('utf8')
const placesOf = (list: readonly Surplus[]) =>
  list.map(({ place }) => place.map(textOf).join('/').replace('home/', ''))

async function remove(to: string, list: readonly Surplus[]) {
  const failed: string[] = []
  await removeSurplus(list, {
    ...{ to, system: systemCalls(), onRemoved: () => undefined },
    onFailure: ({ path }) => failed.push(path.map(textOf).join('/')),
  })
  return failed
}

describe('what a mirror removes', () => {
  it('is what lies in directories that are restored whole, files before their directories', async () => {
    const { to, at } = target()
    const list = await surplusOf(to)
    expect(placesOf(list)).toEqual([
      ...['data/sub/later', 'data/later', 'data/link'],
      ...['data/new/deep/file', 'data/new/deep', 'data/new'],
    ])
    utimesSync(at('data'), 5, 1_000_000)
    expect(await remove(to, list)).toEqual([])
    expect(readdirSync(at('data')).sort()).toEqual(['file', 'mount', 'sub'])
    expect(readdirSync(at('data/sub'))).toEqual(['inner'])
    expect(readFileSync(at('data/mount/disk'), 'utf8')).toBe('data/mount/disk')
    expect(readFileSync(at('beside/mine'), 'utf8')).toBe('beside/mine')
    expect(lstatSync(at('data')).mtimeMs).toBe(1_000_000_000)
  })

  it('is nothing beside a file, and nothing above what was asked for', async () => {
    const { to } = target()
    const paths = [namesOf('home/data/file'), namesOf('home/data/sub')]
    expect(placesOf(await surplusOf(to, {}, { paths, strip: false }))).toEqual(['data/sub/later'])
    expect(await surplusOf(join(to, 'not there'))).toEqual([])
  })

  it('leaves what the policy leaves out, now or then, with the directories above it', async () => {
    const { to, at } = target()
    writeFileSync(at('data/new/deep/cache.tmp'), 'x')
    writeFileSync(at('data/.backupignore'), 'later\n')
    const include = [utf8('/home/data')]
    const selections = [
      { include, exclude: ['*.tmp'] },
      { include, exclude: ['/home/data/link'] },
    ]
    expect(placesOf(await surplusOf(to, { selections }))).toEqual([
      'data/.backupignore',
      'data/new/deep/file',
    ])
  })

  it('leaves caches, what the point lists as left out, and the own state', async () => {
    const { to, at } = target()
    mkdirSync(at('data/new/cache'))
    writeFileSync(
      at('data/new/cache/CACHEDIR.TAG'),
      'Signature: 8a477f597d28d172789f06886e26ec55\n',
    )
    mkdirSync(at('data/state'))
    writeFileSync(at('data/state/key'), 'key')
    mkdirSync(at('data/lost+found'))
    const list = await surplusOf(to, {
      leftOut: [utf8('/home/data/sub'), utf8('/home/data/later')],
      own: lstatExact(utf8(at('data/state'))),
    })
    expect(placesOf(list)).toEqual(['data/link', 'data/new/deep/file', 'data/new/deep'])
    // The point may hold the state itself, of another time.
    const own = lstatExact(utf8(at('data')))
    expect(await surplusOf(to, { own })).toEqual([])
  })

  it('goes only while it is what was looked at', async () => {
    const { to, at } = target()
    linkSync(at('data/later'), at('data/later too'))
    const list = await surplusOf(to)
    rmSync(at('data/sub/later'))
    writeFileSync(at('data/sub/later'), 'another file')
    renameSync(at('data/new'), at('data/moved'))
    symlinkSync(at('beside'), at('data/new'))
    writeFileSync(at('beside/deep'), 'x')
    const failed = await remove(to, list)
    expect(failed).toContain('home/data/sub/later')
    expect(readFileSync(at('data/sub/later'), 'utf8')).toBe('another file')
    expect(readdirSync(at('beside')).sort()).toEqual(['deep', 'mine'])
    expect(readdirSync(at('data/moved/deep'))).toEqual(['file'])
    expect([existsSync(at('data/later')), existsSync(at('data/later too'))]).toEqual([false, false])
  })
})
