import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { compareTrees } from '../../../../src/agent/restore/compare.ts'
import { planRestore, type RestoreRequest } from '../../../../src/agent/restore/plan.ts'
import { copyName, type ConflictRule } from '../../../../src/agent/restore/conflict.ts'
import { restorePoint, type RestoreOptions } from '../../../../src/agent/restore/restore.ts'
import type { RestoreObserver } from '../../../../src/agent/restore/report.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint, type PointFacts } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { splitPath } from '../../../../src/model/path.ts'
import { noFlags, type Entry } from '../../../../src/model/entry.ts'
import {
  createTestRepository,
  namesOf,
  type TestRepository,
} from '../../../support/test-repository.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const system = systemCalls()
const isRoot = process.geteuid?.() === 0
const everything: RestoreRequest = { paths: [], strip: false }

interface RestoreHelp {
  readonly request?: RestoreRequest
  readonly observer?: RestoreObserver
  readonly signal?: AbortSignal
  readonly options?: Partial<RestoreOptions>
}

async function readable({ repository }: TestRepository, facts: PointFacts, signal?: AbortSignal) {
  const { manifest, index } = await openPoint(repository, facts)
  const chunks = createChunkReader(repository, index, { signal })
  const tree = createTreeReader(chunks)
  const include = manifest.selection.include.map(splitPath)
  return { point: { root: manifest.root, include, tree }, chunks }
}

async function restore(
  test: TestRepository,
  facts: PointFacts,
  to: string,
  help: RestoreHelp = {},
) {
  const { point, chunks } = await readable(test, facts, help.signal)
  const plan = await planRestore(point, help.request ?? everything)
  return restorePoint(point, plan, {
    ...restoreOptions(test.repository, { to, chunks }),
    ...help.options,
    observer: help.observer ?? {},
    signal: help.signal,
  })
}

/** Captures `path` below `/home`, as a point whose source includes it. */
function pointOf(test: TestRepository, path: string, cutBytes?: number): PointFacts {
  const entry = { ...test.capture(path, cutBytes), name: utf8('data') } as Entry
  const root = test.directory('', [test.directory('home', [entry])])
  return test.commit(root, { include: ['/home/data'] })
}

const compare = (first: string, second: string) =>
  compareTrees(first, second, { system, owners: isRoot })

describe('restoring a point', () => {
  it('gives back every kind of file with all its attributes', async () => {
    const source = join(scratchDirectory(), 'data')
    mkdirSync(join(source, 'deep/er'), { recursive: true })
    writeFileSync(join(source, 'small'), 'hello')
    writeFileSync(join(source, 'empty'), '')
    writeFileSync(join(source, 'large'), pseudoRandomBytes('large', 3_000_000))
    writeFileSync(join(source, 'same content'), pseudoRandomBytes('large', 3_000_000))
    writeFileSync(join(source, 'zeros'), new Uint8Array(2_000_000))
    writeFileSync(
      Buffer.concat([Buffer.from(`${source}/`), Buffer.from('66fffe6f', 'hex')]),
      'bytes',
    )
    symlinkSync('../nowhere', join(source, 'deep/link'))
    linkSync(join(source, 'small'), join(source, 'deep/er/second name'))
    linkSync(join(source, 'large'), join(source, 'deep/large too'))
    system.makeNode(Buffer.from(join(source, 'fifo')), 0o640, { kind: 'fifo' })
    system.makeNode(Buffer.from(join(source, 'socket')), 0o600, { kind: 'socket' })
    chmodSync(join(source, 'deep/er'), 0o2555)
    chmodSync(join(source, 'empty'), 0o400)
    if (system.hasXattrs) {
      system.setXattr(Buffer.from(join(source, 'small')), utf8('user.note'), utf8('x'))
      system.setXattr(Buffer.from(join(source, 'empty')), utf8('user.empty'), new Uint8Array(0))
      system.setXattr(
        Buffer.from(join(source, 'deep')),
        utf8('user.dir'),
        pseudoRandomBytes('v', 200),
      )
      system.setXattr(Buffer.from(join(source, 'large')), utf8('system.posix_acl_access'), acl)
      system.setXattr(Buffer.from(join(source, 'deep')), utf8('system.posix_acl_default'), acl)
    }
    if (isRoot) {
      chownSync(join(source, 'large'), 1234, 4321)
      chmodSync(join(source, 'large'), 0o6755)
      lchownSync(join(source, 'deep/link'), 77, 78)
      system.makeNode(Buffer.from(join(source, 'null')), 0o666, {
        kind: 'char',
        device: { major: 1, minor: 3 },
      })
      system.setXattr(Buffer.from(join(source, 'small')), utf8('security.capability'), capability)
    }
    system.setTimes(Buffer.from(join(source, 'deep/link')), 5n, 1_111_111_111_222_222_222n)
    system.setTimes(Buffer.from(join(source, 'deep/er')), 5n, 999_999_999_000_000_001n)
    system.setTimes(Buffer.from(source), 5n, -1_500_000_000n)

    const test = createTestRepository()
    const facts = pointOf(test, source, 100_000)
    const to = join(scratchDirectory(), 'new/target')
    const result = await restore(test, facts, to)

    expect(result.failures).toEqual([])
    expect(await compare(source, join(to, 'home/data'))).toEqual([])
    expect(result).toMatchObject({ files: 8, directories: 3, hardLinks: 2, ownersKept: 0 })
    expect(statSync(join(to, 'home')).mtimeMs).toBe(1_500_000_000_987.6543)
  })

  it('leaves holes where there are only zeros, at the end too', async () => {
    const test = createTestRepository()
    const mebibyte = 1024 * 1024
    const content = new Uint8Array(24 * mebibyte)
    content.set(pseudoRandomBytes('data', mebibyte), 8 * mebibyte)
    const flags = { ...noFlags, sparse: true as const }
    const root = test.directory('', [
      test.file('sparse', content, { flags }),
      test.file('whole', content),
    ])
    const to = join(scratchDirectory(), 'to')
    expect(await restore(test, test.commit(root), to)).toMatchObject({ files: 2, failures: [] })
    for (const name of ['sparse', 'whole']) {
      expect(readFileSync(join(to, name)).equals(content)).toBe(true)
      expect(statSync(join(to, name)).blocks * 512).toBeLessThan(2 * mebibyte)
    }
  })

  it('leaves no temporary name behind', async () => {
    const test = createTestRepository()
    const root = test.directory('', [test.file('a', utf8('a')), test.file('b', new Uint8Array(0))])
    const to = scratchDirectory()
    await restore(test, test.commit(root), to)
    expect(readdirSync(to).sort()).toEqual(['a', 'b'])
  })

  it("sets the target's own attributes when the root of the machine was asked for", async () => {
    const test = createTestRepository()
    const facts = test.commit(test.directory('', [], { mode: 0o750 }), { include: ['/'] })
    const to = join(scratchDirectory(), 'root')
    await restore(test, facts, to)
    expect(lstatSync(to).mode & 0o777).toBe(0o750)
    expect(lstatSync(to, { bigint: true }).mtimeNs).toBe(1_500_000_000_987_654_321n)
  })

  it('leaves the target itself alone when only something below was included', async () => {
    const test = createTestRepository()
    const data = test.directory('data', [])
    const facts = test.commit(test.directory('', [data], { mode: 0o700 }), { include: ['/data'] })
    const to = scratchDirectory()
    chmodSync(to, 0o711)
    await restore(test, facts, to)
    expect(lstatSync(to).mode & 0o777).toBe(0o711)
  })

  it('restores a directory of many pages and a file of many chunks', async () => {
    const test = createTestRepository()
    const files = Array.from({ length: 3000 }, (_, at) =>
      test.file(`file ${at} ${'x'.repeat(100)}`, utf8(`content ${at}`)),
    )
    const source = join(scratchDirectory(), 'data')
    mkdirSync(source)
    writeFileSync(join(source, 'big'), pseudoRandomBytes('big', 1_000_000))
    const root = test.directory('', [test.directory('many', files), test.capture(source, 1000)])
    const to = scratchDirectory()
    const result = await restore(test, test.commit(root), to)
    expect(result).toMatchObject({ files: 3001, failureCount: 0 })
    expect(readFileSync(join(to, 'data/big')).equals(pseudoRandomBytes('big', 1_000_000))).toBe(
      true,
    )
    const name = readdirSync(join(to, 'many')).find((each) => each.startsWith('file 2999 '))
    expect(readFileSync(join(to, 'many', name ?? ''), 'utf8')).toBe('content 2999')
  })

  it('restores directories hundreds of levels deep', async () => {
    const test = createTestRepository()
    let entry: Entry = test.file('bottom', utf8('!'))
    for (let level = 0; level < 300; level++) entry = test.directory(`level-${level}`, [entry])
    const to = scratchDirectory()
    const result = await restore(test, test.commit(test.directory('', [entry])), to)
    expect(result).toMatchObject({ files: 1, directories: 301, failureCount: 0 })
  })
})

describe('selecting what is restored', () => {
  const sample = () => {
    const test = createTestRepository()
    const docs = test.directory('docs', [test.file('one', utf8('1')), test.file('two', utf8('2'))])
    const home = test.directory('home', [docs, test.file('other', utf8('o'))], { mode: 0o710 })
    const facts = test.commit(test.directory('', [home, test.directory('etc', [])]), {
      include: ['/home', '/etc'],
    })
    return { test, facts, to: join(scratchDirectory(), 'to') }
  }
  const asked = (strip: boolean, ...paths: string[]): RestoreHelp => ({
    request: { paths: paths.map(namesOf), strip },
  })

  it('puts a path at its whole place, with the directories that lead to it', async () => {
    const { test, facts, to } = sample()
    const result = await restore(test, facts, to, asked(false, '/home/docs/one'))
    expect(namesBelow(to)).toEqual(['home', 'home/docs', 'home/docs/one'])
    expect(lstatSync(join(to, 'home')).mode & 0o777).toBe(0o710)
    expect(result).toMatchObject({ files: 1, directories: 0 })
  })

  it('with strip puts the contents straight into the target, whose attributes are those of the path', async () => {
    const { test, facts, to } = sample()
    await restore(test, facts, to, asked(true, '/home'))
    expect(namesBelow(to)).toEqual(['docs', 'docs/one', 'docs/two', 'other'])
    expect(lstatSync(to).mode & 0o777).toBe(0o710)
  })

  it('with strip and no path takes the include paths', async () => {
    const { test, facts, to } = sample()
    await restore(test, facts, to, asked(true))
    expect(namesBelow(to)).toEqual(['docs', 'docs/one', 'docs/two', 'other'])
  })

  it('with strip puts a file under its name', async () => {
    const { test, facts, to } = sample()
    await restore(test, facts, to, asked(true, '/home/docs/one', '/home/other'))
    expect(namesBelow(to)).toEqual(['one', 'other'])
  })

  it('counts a path below another one once', async () => {
    const { test, facts, to } = sample()
    await restore(test, facts, to, asked(true, '/home/docs', '/home/docs/one'))
    expect(namesBelow(to)).toEqual(['one', 'two'])
  })

  it('refuses stripped paths whose contents would meet', async () => {
    const test = createTestRepository()
    const a = test.directory('a', [test.file('same', utf8('1'))])
    const b = test.directory('b', [test.file('same', utf8('2'))])
    const facts = test.commit(test.directory('', [a, b]))
    const to = join(scratchDirectory(), 'to')
    const help = asked(true, '/a', '/b')
    await expect(restore(test, facts, to, help)).rejects.toMatchObject({ code: 'target-refused' })
    expect(existsSync(to)).toBe(false)
  })

  it('refuses a path that is not in the point, and makes nothing', async () => {
    const { test, facts, to } = sample()
    const help = asked(false, '/home/none')
    await expect(restore(test, facts, to, help)).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(to)).toBe(false)
  })
})

describe('what lies in the target', () => {
  const sample = () => {
    const test = createTestRepository()
    const home = test.directory('home', [test.file('file', utf8('new'))])
    return { test, facts: test.commit(test.directory('', [home]), { include: ['/home'] }) }
  }

  const occupied = (mtimeSeconds: number, content = 'old') => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    mkdirSync(join(to, 'home'))
    const path = join(to, 'home/file')
    writeFileSync(path, content)
    utimesSync(path, mtimeSeconds, mtimeSeconds)
    /** After what lies there, as it would be in life. */
    const later = { nowMs: Date.now() + 60_000 }
    const by = (onConflict: ConflictRule) =>
      restore(test, facts, to, { options: { ...later, onConflict } })
    return { to, by, content: () => readFileSync(path, 'utf8'), nowMs: later.nowMs }
  }

  it('is kept, and what is restored gets a name that says when: the usual rule', async () => {
    const { to, by, content, nowMs } = occupied(1)
    expect(await by('copy')).toMatchObject({ files: 1, copies: 1, failureCount: 0 })
    expect(content()).toBe('old')
    const name = Buffer.from(copyName(utf8('file'), nowMs, 1)).toString()
    expect(name).toMatch(/^\d{4}-\d\d-\d\d \d\d-\d\d Copy of file$/)
    expect(readFileSync(join(to, 'home', name), 'utf8')).toBe('new')
    await by('copy')
    const second = Buffer.from(copyName(utf8('file'), nowMs, 2)).toString()
    expect(readFileSync(join(to, 'home', second), 'utf8')).toBe('new')
  })

  it('is replaced, skipped, or replaced if older or other, as the user says', async () => {
    const kept = occupied(1)
    expect(await kept.by('skip')).toMatchObject({ files: 0, skipped: 1 })
    expect(kept.content()).toBe('old')
    const replaced = occupied(1)
    expect(await replaced.by('overwrite')).toMatchObject({ files: 1, replaced: 1 })
    expect(replaced.content()).toBe('new')
    const [older, newer] = [occupied(1), occupied(2_000_000_000)]
    expect(await older.by('if-newer')).toMatchObject({ replaced: 1 })
    expect(await newer.by('if-newer')).toMatchObject({ skipped: 1 })
    expect([older.content(), newer.content()]).toEqual(['new', 'old'])
    const other = occupied(2_000_000_000)
    expect(await other.by('if-changed')).toMatchObject({ replaced: 1 })
    expect(namesBelow(other.to)).toEqual(['home', 'home/file'])
  })

  it('is left alone where it is the very file: a restore that was cut short goes on', async () => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    await restore(test, facts, to)
    const nowMs = Date.now() + 60_000
    const again = await restore(test, facts, to, { options: { nowMs } })
    expect(again).toMatchObject({ files: 0, copies: 0, unchanged: 1 })
    expect(namesBelow(to)).toEqual(['home', 'home/file'])
  })

  it('is looked into: size and time alone do not make it the same file', async () => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    await restore(test, facts, to)
    const path = join(to, 'home/file')
    const { atime, mtime } = statSync(path)
    writeFileSync(path, 'NEW')
    utimesSync(path, atime, mtime)
    const nowMs = Date.now() + 60_000
    const again = await restore(test, facts, to, { options: { nowMs, onConflict: 'overwrite' } })
    expect(again).toMatchObject({ replaced: 1 })
    expect(readFileSync(path, 'utf8')).toBe('new')
  })

  it('is not replaced by another entry of the same restore', async () => {
    const { by, content } = occupied(1)
    const early = { nowMs: 0 }
    const { test, facts } = sample()
    const to = scratchDirectory()
    mkdirSync(join(to, 'home'))
    writeFileSync(join(to, 'home/file'), 'mine')
    const options = { ...early, onConflict: 'overwrite' } as const
    expect(await restore(test, facts, to, { options })).toMatchObject({ copies: 1, replaced: 0 })
    expect(readFileSync(join(to, 'home/file'), 'utf8')).toBe('mine')
    await by('overwrite')
    expect(content()).toBe('new')
  })

  it('is never replaced where it is a directory', async () => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    mkdirSync(join(to, 'home/file'), { recursive: true })
    const options = { nowMs: Date.now() + 60_000, onConflict: 'overwrite' } as const
    const result = await restore(test, facts, to, { options })
    expect(result.failures).toMatchObject([{ code: 'already-exists' }])
    expect(statSync(join(to, 'home/file')).isDirectory()).toBe(true)
  })

  it('stays beside what is restored', async () => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    mkdirSync(join(to, 'home'))
    writeFileSync(join(to, 'home/mine'), 'mine')
    await restore(test, facts, to)
    expect(namesBelow(to)).toEqual(['home', 'home/file', 'home/mine'])
  })

  it('may not be a file', async () => {
    const { test, facts } = sample()
    const to = join(scratchDirectory(), 'file')
    writeFileSync(to, '')
    await expect(restore(test, facts, to)).rejects.toMatchObject({ code: 'target-refused' })
  })

  it('is not followed when it is a link, neither by files nor by directories', async () => {
    const { test, facts } = sample()
    const to = scratchDirectory()
    const outside = scratchDirectory()
    symlinkSync(outside, join(to, 'home'))
    const { failures } = await restore(test, facts, to)
    expect(failures).toMatchObject([{ path: namesOf('/home'), code: 'target-refused' }])
    expect(readdirSync(outside)).toEqual([])
  })

  it('may be planted there while the restore is going on: nothing leaves the target', async () => {
    const test = createTestRepository()
    const inner = test.directory('inner', [test.file('file', utf8('secret'))])
    const facts = test.commit(test.directory('', [test.file('aaa', utf8('a')), inner]))
    const to = scratchDirectory()
    const outside = scratchDirectory()
    const { point, chunks } = await readable(test, facts)
    const plan = await planRestore(point, everything)
    // The link appears after the target was looked at, before anything is made.
    const planted = {
      items: async function* (options: Parameters<typeof plan.items>[0]) {
        if (options?.enter !== undefined) symlinkSync(outside, join(to, 'inner'))
        yield* plan.items(options)
      },
    }
    const result = await restorePoint(
      point,
      planted,
      restoreOptions(test.repository, { to, chunks }),
    )
    expect(readdirSync(outside)).toEqual([])
    expect(readFileSync(join(to, 'aaa'), 'utf8')).toBe('a')
    expect(result.failures).toMatchObject([{ path: namesOf('/inner'), code: 'target-refused' }])
  })

  it('does not take a file over that appears under its name in the meantime', async () => {
    const test = createTestRepository()
    const facts = test.commit(test.directory('', [test.file('file', utf8('new'))]))
    const to = scratchDirectory()
    const { point, chunks } = await readable(test, facts)
    const plan = await planRestore(point, everything)
    const planted = {
      items: async function* (options: Parameters<typeof plan.items>[0]) {
        writeFileSync(join(to, 'file'), 'theirs')
        yield* plan.items(options)
      },
    }
    const options = restoreOptions(test.repository, { to, chunks })
    const result = await restorePoint(point, planted, options)
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('theirs')
    expect(result.failures).toMatchObject([{ code: 'already-exists' }])
    expect(readdirSync(to)).toEqual(['file'])
  })
})

describe('names of one file', () => {
  const named = (test: TestRepository, name: string, content: string, inode = 7n) =>
    test.file(name, utf8(content), { links: 2, inode })

  it('are not linked when their contents differ', async () => {
    const test = createTestRepository()
    const root = test.directory('', [named(test, 'a', 'one'), named(test, 'b', 'two')])
    const to = scratchDirectory()
    await restore(test, test.commit(root), to)
    expect(readFileSync(join(to, 'b'), 'utf8')).toBe('two')
    expect(lstatSync(join(to, 'a')).nlink).toBe(1)
  })

  it('are not linked across mount points, where numbers mean other files', async () => {
    const test = createTestRepository()
    const disk = test.directory('disk', [named(test, 'b', 'same')], {
      flags: { ...noFlags, mountPoint: true },
    })
    const root = test.directory('', [named(test, 'a', 'same'), disk])
    const to = scratchDirectory()
    await restore(test, test.commit(root), to)
    expect(lstatSync(join(to, 'a')).nlink).toBe(1)
    expect(lstatSync(join(to, 'disk/b')).nlink).toBe(1)
  })

  it('are restored without the first when that one fails', async () => {
    const test = createTestRepository()
    const root = test.directory('', [
      named(test, 'a', 'same'),
      named(test, 'b', 'same'),
      named(test, 'c', 'same'),
    ])
    const to = scratchDirectory()
    const facts = test.commit(root)
    const { point, chunks } = await readable(test, facts)
    const plan = await planRestore(point, everything)
    const planted = {
      items: async function* (options: Parameters<typeof plan.items>[0]) {
        writeFileSync(join(to, 'a'), 'theirs')
        yield* plan.items(options)
      },
    }
    const options = restoreOptions(test.repository, { to, chunks })
    const result = await restorePoint(point, planted, options)
    expect(result).toMatchObject({ files: 2, hardLinks: 1, failureCount: 1 })
    expect(readFileSync(join(to, 'b'), 'utf8')).toBe('same')
    expect(lstatSync(join(to, 'b')).ino).toBe(lstatSync(join(to, 'c')).ino)
  })
})

describe('damage', () => {
  it('costs the files that it concerns, which are named, and nothing else', async () => {
    const test = createTestRepository({ segmentBytes: 1 })
    const good = test.file('good', pseudoRandomBytes('good', 500))
    const bad = test.file('bad', pseudoRandomBytes('bad', 500))
    const facts = test.commit(test.directory('', [good, bad]))
    spoilChunk(test, bad.content?.[0]?.id ?? '')
    const to = scratchDirectory()
    const result = await restore(test, facts, to)
    expect(readdirSync(to)).toEqual(['good'])
    expect(result).toMatchObject({ files: 1, failureCount: 1 })
    expect(result.failures).toMatchObject([{ path: namesOf('/bad'), code: 'damaged' }])
    expect(result.failures[0]?.message).toContain('pack')
  })

  it('is made good from a second copy', async () => {
    const test = createTestRepository({ segmentBytes: 1 })
    const facts = test.commit(test.directory('', [test.file('file', pseudoRandomBytes('x', 5000))]))
    for (const [id, object] of test.vault.stored) {
      if (object.kind !== 'data' && object.kind !== 'tree') continue
      test.vault.secondCopies.set(id, object.bytes)
      for (let at = 5000; at < object.bytes.length; at += 10) test.vault.flip(id, at)
    }
    const to = scratchDirectory()
    const result = await restore(test, facts, to)
    expect(result.failures).toEqual([])
    expect(readFileSync(join(to, 'file')).equals(pseudoRandomBytes('x', 5000))).toBe(true)
  })
})

describe('a restore that is cut short', () => {
  it('leaves nothing half under a final name, and no temporary file', async () => {
    const test = createTestRepository()
    const source = join(scratchDirectory(), 'data')
    mkdirSync(source)
    writeFileSync(join(source, 'big'), pseudoRandomBytes('big', 2_000_000))
    const facts = test.commit(test.directory('', [test.capture(source, 10_000)]))
    const to = scratchDirectory()
    const abort = new AbortController()
    const observer: RestoreObserver = {
      onProgress: ({ bytesRestored }) => {
        if (bytesRestored > 500_000) abort.abort(new Error('stopped'))
      },
    }
    const help = { observer, signal: abort.signal }
    await expect(restore(test, facts, to, help)).rejects.toThrow('stopped')
    expect(readdirSync(join(to, 'data'))).toEqual([])
  })
})

/** `user:nobody:r--` beside the usual entries, as the kernel keeps it. */
const acl = Buffer.from(
  '02000000' +
    '01000600ffffffff' +
    '02000400feff0000' +
    '04000400ffffffff' +
    '10000400ffffffff' +
    '20000000ffffffff',
  'hex',
)

/** cap_net_raw=ep */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

const namesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()

/** Flips a byte in the middle of the segment that holds the chunk. */
function spoilChunk(test: TestRepository, chunk: string): void {
  const place = test.placeOf(chunk)
  test.vault.flip(place.pack, place.middle)
}
