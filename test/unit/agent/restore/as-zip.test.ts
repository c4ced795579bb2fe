import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { buffer } from 'node:stream/consumers'
import { fromBufferPromise, type Entry as ZipEntry } from 'yauzl'
import { describe, expect, it } from 'vitest'
import { writeZip } from '../../../../src/agent/restore/archive/zip/archive.ts'
import {
  exportZip,
  type ZipOptions,
} from '../../../../src/agent/restore/archive/zip/restore-as-zip.ts'
import { planRestore, type RestoreRequest } from '../../../../src/agent/restore/plan.ts'
import { bufferOf, concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { noFlags, type Entry } from '../../../../src/model/entry.ts'
import { splitPath } from '../../../../src/model/path.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import {
  createTestRepository,
  namesOf,
  type TestRepository,
} from '../../../support/test-repository.ts'

const mebibyte = 1024 * 1024
const second = 1_000_000_000n

interface ExportHelp {
  readonly request?: RestoreRequest
  readonly options?: Partial<ZipOptions>
  /** A chunk that is damaged in the vault. */
  readonly damaged?: string | undefined
}

/** Commits a point of these entries, and writes it as an archive. */
async function exported(
  test: TestRepository,
  entries: readonly Entry[],
  { request, options, damaged }: ExportHelp = {},
) {
  const facts = test.commit(test.directory('', entries))
  if (damaged !== undefined) {
    const place = test.placeOf(damaged)
    test.vault.flip(place.pack, place.middle)
  }
  const opened = await openPoint(test.repository, facts)
  const chunks = createChunkReader(test.repository, opened.index)
  const point = {
    root: opened.manifest.root,
    include: opened.manifest.selection.include.map(splitPath),
    tree: createTreeReader(chunks),
  }
  const parts: Uint8Array[] = []
  const told: string[] = []
  const renamed: string[] = []
  const plan = await planRestore(point, request ?? { paths: [], strip: false })
  const result = await exportZip(point, plan, {
    write: (bytes) => {
      parts.push(bytes.slice())
      return Promise.resolve()
    },
    ...{ chunks, acls: true, xattrs: true },
    observer: {
      onLosses: (path, losses) => told.push(`${textOf(path)}: ${losses.join(' ')}`),
      onRenamed: (path, name) => renamed.push(`${textOf(path)} > ${bufferOf(name).toString()}`),
    },
    ...options,
  })
  return { archive: Buffer.concat(parts), result, told, renamed }
}

const textOf = (names: readonly Uint8Array[]): string =>
  names.map((name) => bufferOf(name).toString('latin1')).join('/')

interface Read {
  readonly entry: ZipEntry
  readonly content: Buffer
}

/** Each name that is read is checked by yauzl, each content by its length and sum. */
async function read(archive: Buffer): Promise<Map<string, Read>> {
  const zip = await fromBufferPromise(archive, { strictFileNames: true })
  const found = new Map<string, Read>()
  for await (const entry of zip.eachEntry()) {
    const isDirectory = entry.fileName.endsWith('/')
    const stream = isDirectory ? undefined : await zip.openReadStreamPromise(entry)
    const content = stream === undefined ? Buffer.alloc(0) : await buffer(stream)
    found.set(entry.fileName, { entry, content })
  }
  return found
}

const modeOf = (found?: Read): number => (found?.entry.externalFileAttributes ?? 0) >>> 16

const base = { mtimeNs: 1_700_000_000n * second, flags: noFlags }

describe('a zip archive', () => {
  it('holds directories, files of every size, links and their modes', async () => {
    const test = createTestRepository()
    const large = pseudoRandomBytes('large', 9 * mebibyte)
    const { archive, result } = await exported(test, [
      test.directory('empty', [], { mode: 0o1750 }),
      test.file('large', large, { mode: 0o4755 }),
      test.file('none', utf8('')),
      test.directory('sub', [test.file('größe 🌱', utf8('text'), { mode: 0o600 })]),
      { ...base, type: 'symlink', name: utf8('to'), target: utf8('sub/größe 🌱') },
    ])
    const found = await read(archive)
    expect([...found.keys()]).toEqual(['empty/', 'large', 'none', 'sub/', 'sub/größe 🌱', 'to'])
    expect(found.get('large')?.content.equals(large)).toBe(true)
    expect(found.get('sub/größe 🌱')?.content.toString()).toBe('text')
    expect(found.get('to')?.content.toString()).toBe('sub/größe 🌱')
    const modes = ['empty/', 'large', 'none', 'sub/größe 🌱', 'to'].map((name) =>
      modeOf(found.get(name)).toString(8),
    )
    expect(modes).toEqual(['41750', '104755', '100644', '100600', '120777'])
    const flags = [...found.values()].map(({ entry }) => entry.generalPurposeBitFlag & 0x800)
    expect(new Set(flags)).toEqual(new Set([0x800]))
    expect(result).toMatchObject({ files: 3, directories: 2, others: 1, failureCount: 0 })
    expect(result.bytesRestored).toBe(large.length + 4)
  })

  it('has times to the second, and dates where they do not reach', async () => {
    const test = createTestRepository()
    const at = (name: string, mtimeNs: bigint) => test.file(name, utf8(''), { mtimeNs })
    const { archive, told } = await exported(test, [
      at('early', -1n),
      at('far', 4_000_000_000n * second),
      at('fraction', 1_700_000_001n * second + 999_999_999n),
      at('whole', 1_700_000_001n * second),
    ])
    const found = await read(archive)
    const timeOf = (name: string) => found.get(name)?.entry.getLastModDate().getTime()
    expect(timeOf('whole')).toBe(1_700_000_001_000)
    expect(timeOf('fraction')).toBe(1_700_000_001_000)
    expect(timeOf('far')).toBe(4_000_000_000_000)
    expect(timeOf('early')).toBe(new Date(1980, 0, 1).getTime())
    expect(told).toEqual(['early: time', 'far: time', 'fraction: fraction'])
  })

  it('has names that it can not hold written otherwise, each of them told', async () => {
    const test = createTestRepository()
    const names = ['A', 'a', 'a\\b', 'a%5Cb', 'c:d', 'line\nbreak', '..\\up']
    const noText = { ...test.file('', utf8('x')), name: Uint8Array.of(0x66, 0xff) }
    const files = [...names.map((name) => test.file(name, utf8(name))), noText]
    const { archive, renamed, result } = await exported(test, files)
    const found = await read(archive)
    expect([...found.keys()].sort()).toEqual(
      ['..%5Cup', 'A', 'a', 'a%255Cb', 'a%5Cb', 'c%3Ad', 'f%FF', 'line\nbreak'].sort(),
    )
    expect(found.get('a%5Cb')?.content.toString()).toBe('a\\b')
    expect(found.get('f%FF')?.content.toString()).toBe('x')
    expect(renamed.sort()).toEqual(
      [
        '..\\up > ..%5Cup',
        'a%5Cb > a%255Cb',
        'a\\b > a%5Cb',
        'c:d > c%3Ad',
        'f\u00ff > f%FF',
      ].sort(),
    )
    expect(result.failureCount).toBe(0)
  })

  it('names what it can not hold', async () => {
    const test = createTestRepository()
    const xattrs = [
      { name: utf8('system.posix_acl_access'), value: utf8('l') },
      { name: utf8('user.a'), value: utf8('1') },
    ]
    const twice = test.file('one', utf8('twice'), { ...base, inode: 5n, links: 2, uid: 7, gid: 8 })
    const entries: readonly Entry[] = [
      { ...base, type: 'char', name: utf8('device'), device: { major: 1, minor: 3 } },
      test.file('marked', utf8('m'), { xattrs, ...base }),
      twice,
      { ...base, type: 'fifo', name: utf8('pipe') },
      { ...base, type: 'socket', name: utf8('socket') },
      test.file('sparse', utf8('s'), { ...base, flags: { ...noFlags, sparse: true } }),
      { ...twice, name: utf8('two') },
    ]
    const { archive, result, told } = await exported(test, entries)
    const found = await read(archive)
    expect([...found.keys()]).toEqual(['marked', 'one', 'sparse', 'two'])
    expect(found.get('two')?.content.toString()).toBe('twice')
    const failures = result.failures.map(({ path, part }) => `${textOf(path)} ${part.kind}`)
    expect(failures).toEqual([
      'device content',
      'marked xattr',
      'marked xattr',
      'pipe content',
      'socket content',
    ])
    expect(told).toEqual(['one: owner', 'sparse: holes', 'two: owner hard-link'])
    const unmissed = await exported(test, entries, { options: { acls: false, xattrs: false } })
    expect(unmissed.result.failureCount).toBe(3)
  })

  it('refuses a path that is longer than its headers can say', async () => {
    const test = createTestRepository()
    const name = 'd'.repeat(255)
    let inner: Entry = test.file('deep', utf8('x'))
    for (let depth = 0; depth < 256; depth++) inner = test.directory(name, [inner])
    const { archive, result } = await exported(test, [inner, test.file('rest', utf8('r'))])
    const found = await read(archive)
    expect(found.get('rest')?.content.toString()).toBe('r')
    expect(found.size).toBe(255 + 1)
    expect(result.failures.map(({ message }) => message)).toEqual([
      'Its path is too long for zip.',
      'Its path is too long for zip.',
    ])
  })

  it('holds more entries than the older form can count', async () => {
    const test = createTestRepository()
    const empty = test.directory('', [])
    const directories = Array.from({ length: 66_000 }, (_, at) => ({
      ...empty,
      name: utf8(`d${String(at).padStart(5, '0')}`),
    }))
    const { archive } = await exported(test, [test.file('a', utf8('first')), ...directories])
    const found = await read(archive)
    expect(found.size).toBe(66_001)
    expect([...found.keys()].at(-1)).toBe('d65999/')
    expect(found.get('a')?.content.toString()).toBe('first')
  })

  it('holds with strip the contents alone', async () => {
    const test = createTestRepository()
    const docs = test.directory('docs', [test.file('one', utf8('1'))])
    const entries = [test.directory('home', [docs, test.file('other', utf8('o'))])]
    const paths = [namesOf('/home/docs')]
    const whole = await exported(test, entries, { request: { paths, strip: false } })
    expect([...(await read(whole.archive)).keys()]).toEqual([
      'home/',
      'home/docs/',
      'home/docs/one',
    ])
    const stripped = await exported(test, entries, { request: { paths, strip: true } })
    expect([...(await read(stripped.archive)).keys()]).toEqual(['one'])
  })
})

describe('content that can not be read', () => {
  it('leaves a small file out, and zeros in a large one', async () => {
    const test = createTestRepository({ segmentBytes: 1000 })
    const content = pseudoRandomBytes('large', 10 * mebibyte)
    const pieces = Array.from({ length: 10 }, (_, at) =>
      test.add(1, content.subarray(at * mebibyte, (at + 1) * mebibyte)),
    )
    const shared = pieces[3]
    if (shared === undefined) throw new Error('no piece')
    const entries = [
      { ...test.file('large', content), content: pieces },
      test.file('next', utf8('n')),
      { ...test.file('small', content.subarray(3 * mebibyte, 4 * mebibyte)), content: [shared] },
    ]
    const { archive, result } = await exported(test, entries, { damaged: shared.id })
    const failures = result.failures.map(({ path, code }) => `${textOf(path)} ${code}`)
    expect(failures).toEqual(['large damaged', 'small damaged'])
    const found = await read(archive)
    expect([...found.keys()]).toEqual(['large', 'next'])
    const expected = Buffer.from(content).fill(0, 3 * mebibyte, 4 * mebibyte)
    expect(found.get('large')?.content.equals(expected)).toBe(true)
    expect(found.get('next')?.content.toString()).toBe('n')
  })
})

describe('writing a zip archive', () => {
  it('reads no further ahead than a bound while the writer is slow', async () => {
    const test = createTestRepository()
    const content = pseudoRandomBytes('pieces', 40 * mebibyte)
    const state = { read: 0, written: 0, most: 0 }
    await exported(test, [test.file('large', content)], {
      options: {
        observer: { onProgress: ({ bytesRestored }) => (state.read = bytesRestored) },
        write: async (bytes) => {
          for (let turn = 0; turn < 20; turn++) await setImmediate()
          state.written += bytes.length
          state.most = Math.max(state.most, state.read - state.written)
        },
      },
    })
    expect(state.written).toBeGreaterThan(content.length)
    expect(state.most).toBeLessThan(20 * mebibyte)
  })

  it('lets go of what is written before the archive is complete', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const options = { mtime: new Date(0), mode: 0o100644, forceDosTimestamp: false }
    const kept: WeakRef<Uint8Array>[] = []
    await writeZip(
      () => Promise.resolve(),
      async (archive) => {
        for (let at = 0; at < 60; at++) {
          const bytes = new Uint8Array(100_000)
          kept.push(new WeakRef(bytes))
          await archive.content({ name: `f${at}`, sizeBytes: bytes.length, options }, [bytes])
        }
        for (let turn = 0; turn < 5; turn++) {
          await setImmediate()
          collect()
        }
        expect(kept.filter((content) => content.deref() !== undefined).length).toBeLessThan(30)
      },
    )
  })

  it("fails with the writer's failure, in the middle of a file or of directories", async () => {
    const test = createTestRepository()
    const full = new BackupError('disk-full', 'Full.')
    const write = () => Promise.reject(full)
    const file = test.file('large', pseudoRandomBytes('large', 4 * mebibyte))
    const many = Array.from({ length: 4000 }, (_, at) => test.directory(`directory ${at}`, []))
    for (const entries of [[file], many, [...many, file]]) {
      await expect(exported(test, entries, { options: { write } })).rejects.toBe(full)
    }
  })

  it('stops when it is interrupted', async () => {
    const test = createTestRepository()
    const files = Array.from({ length: 300 }, (_, at) =>
      test.file(`file ${at}`, concatBytes(pseudoRandomBytes(String(at), 10_000))),
    )
    const controller = new AbortController()
    const interrupted = new BackupError('interrupted', 'Interrupted.')
    const write = () => {
      controller.abort(interrupted)
      return Promise.resolve()
    }
    const options = { write, signal: controller.signal }
    await expect(exported(test, files, { options })).rejects.toBe(interrupted)
  })
})
