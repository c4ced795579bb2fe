import { execFileSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { extract, type Header } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import {
  exportTar,
  tarOwners,
  type TarOptions,
} from '../../../../src/agent/restore/archive/tar/restore-as-tar.ts'
import { planRestore, type RestoreRequest } from '../../../../src/agent/restore/plan.ts'
import type { RestoreFailure } from '../../../../src/agent/restore/report.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { bufferOf, concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { noFlags, type Entry, type FileEntry } from '../../../../src/model/entry.ts'
import type { Manifest } from '../../../../src/model/manifest.ts'
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

interface ExportHelp {
  readonly request?: RestoreRequest
  readonly include?: readonly string[]
  readonly manifest?: Partial<Manifest>
  readonly options?: Partial<TarOptions>
  /** A chunk that is damaged in the vault. */
  readonly damaged?: string | undefined
}

/** Commits a point of these entries, and writes it as an archive. */
async function exported(
  test: TestRepository,
  entries: readonly Entry[],
  { request, include, manifest, options, damaged }: ExportHelp = {},
) {
  const facts = test.commit(test.directory('', entries), {
    ...(include && { include }),
    ...(manifest && { manifest }),
  })
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
  const result = await exportTar(point, await planRestore(point, request ?? everything), {
    write: (bytes) => {
      parts.push(bytes.slice())
      return Promise.resolve()
    },
    ...{ chunks, owners: tarOwners(opened.manifest), acls: true, xattrs: true },
    ...options,
  })
  return { archive: Buffer.concat(parts), result }
}

const everything: RestoreRequest = { paths: [], strip: false }

interface Read {
  readonly header: Header
  readonly pax: Readonly<Record<string, string>>
  readonly content: Buffer
}

async function read(archive: Buffer): Promise<Read[]> {
  const stream = extract()
  stream.end(archive)
  const found: Read[] = []
  for await (const source of stream) {
    const parts: Buffer[] = []
    for await (const part of source as AsyncIterable<Buffer>) parts.push(part)
    const { header } = source
    const pax = (header.pax ?? {}) as Readonly<Record<string, string>>
    found.push({ header, pax, content: Buffer.concat(parts) })
  }
  return found
}

const namesIn = async (archive: Buffer): Promise<string[]> =>
  (await read(archive)).map(({ header }) => header.name)

/** As GNU tar lists it. */
const listed = (archive: Buffer): string[] =>
  execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', '-'], {
    input: archive,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
    maxBuffer: 64 * mebibyte,
  })
    .split('\n')
    .filter((line) => line !== '')

const holds = (archive: Buffer, bytes: Uint8Array): boolean => archive.includes(bufferOf(bytes))

const base = { mtimeNs: 1_600_000_000_000_000_000n, mode: 0o640, flags: noFlags, uid: 7, gid: 8 }

const failuresOf = (failures: readonly RestoreFailure[]): string[] =>
  failures.map(
    ({ path, part }) =>
      `${path.map((name) => Buffer.from(name).toString()).join('/')} ${part.kind}`,
  )

/** Attributes stand ascending by name. */
const withXattrs = (...xattrs: readonly (readonly [string, Uint8Array])[]): Partial<FileEntry> => ({
  xattrs: xattrs.map(([name, value]) => ({ name: utf8(name), value })),
})

describe('an archive of a point', () => {
  it('is listed by the tar of the system with every kind of file', async () => {
    const test = createTestRepository()
    const shared = { inode: 5n, links: 2, uid: 7, gid: 8 }
    const { archive, result } = await exported(
      test,
      [
        test.directory('docs', [test.file('one', utf8('hello'), shared)], { uid: 7, gid: 8 }),
        { ...base, type: 'symlink', name: utf8('link'), target: utf8('docs/one') },
        { ...base, type: 'fifo', name: utf8('pipe') },
        { ...base, type: 'char', name: utf8('null'), device: { major: 1, minor: 3 } },
        { ...base, type: 'block', name: utf8('sda'), device: { major: 8, minor: 0 } },
        test.file('second name', utf8('hello'), shared),
      ],
      { include: ['/docs', '/link', '/pipe', '/null', '/sda', '/second name'] },
    )
    expect(result).toMatchObject({ files: 2, directories: 1, others: 4, hardLinks: 1 })
    expect(listed(archive).map((line) => line.replaceAll(/\s+/g, ' '))).toEqual([
      'drwxr-xr-x 7/8 0 2017-07-14 02:40 docs/',
      '-rw-r--r-- 7/8 5 2020-09-13 12:26 docs/one',
      'lrw-r----- 7/8 0 2020-09-13 12:26 link -> docs/one',
      'crw-r----- 7/8 1,3 2020-09-13 12:26 null',
      'prw-r----- 7/8 0 2020-09-13 12:26 pipe',
      'brw-r----- 7/8 8,0 2020-09-13 12:26 sda',
      'hrw-r--r-- 7/8 0 2020-09-13 12:26 second name link to docs/one',
    ])
  })

  it('holds the contents, also of a file of many chunks and of an empty one', async () => {
    const test = createTestRepository()
    const large = pseudoRandomBytes('large', 20 * mebibyte + 1)
    const { archive, result } = await exported(test, [
      test.file('a', large),
      test.file('b', new Uint8Array(0)),
      test.file('c', utf8('c')),
    ])
    const [, a, b, c] = await read(archive)
    expect(a?.content.equals(large)).toBe(true)
    expect([b?.content.length, c?.content.toString()]).toEqual([0, 'c'])
    expect(result).toMatchObject({ files: 3, bytesRestored: large.length + 1, failureCount: 0 })
  })

  it('ends in two empty blocks, also where it holds nothing', async () => {
    const { archive } = await exported(createTestRepository(), [], { include: ['/home'] })
    expect(archive.equals(Buffer.alloc(1024))).toBe(true)
  })

  it('keeps what the plain header is too small for', async () => {
    const test = createTestRepository()
    const owner = { uid: 4_294_967_294, gid: 3_000_000 }
    const { archive } = await exported(test, [
      test.file('after', utf8(''), { mtimeNs: 4_000_000_000_000_000_001n, ...owner }),
      test.file('before', utf8(''), { mtimeNs: -1_500_000_000n, mode: 0 }),
      test.file('bits', utf8(''), { mode: 0o7751, mtimeNs: 0n }),
    ])
    const [, after, before, bits] = await read(archive)
    expect(after?.pax).toEqual({ uid: '4294967294', gid: '3000000', mtime: '4000000000.000000001' })
    expect(before?.pax).toEqual({ mtime: '-1.5' })
    expect(before?.header.mode).toBe(0)
    expect(bits).toMatchObject({ header: { mode: 0o7751 }, pax: { mtime: '0' } })
    const lines = listed(archive)
    expect(lines[1]).toMatch(/^-rw-r--r-- 4294967294\/3000000 +0 2096-10-02 07:06 after$/)
    expect(lines[2]).toMatch(/^---------- 0\/0 +0 1969-12-31 23:59 before$/)
  })

  it('keeps long paths and link targets, and names that are no ASCII', async () => {
    const test = createTestRepository()
    const long = 'x'.repeat(200)
    const inode = { inode: 5n, links: 2 }
    const { archive } = await exported(test, [
      test.directory(long, [test.file(long, utf8('1'), inode), test.file('z', utf8('1'), inode)]),
      test.file('grün 🌱', utf8('2')),
      { ...base, type: 'symlink', name: utf8('link'), target: utf8(`/${'y/'.repeat(2000)}`) },
    ])
    const [, grown, link, directory, file, further] = await read(archive)
    expect(grown?.header.name).toBe('grün 🌱')
    expect(link?.header.linkname).toBe(`/${'y/'.repeat(2000)}`)
    expect(directory?.header.name).toBe(`${long}/`)
    expect(file?.header.name).toBe(`${long}/${long}`)
    expect(further?.header.linkname).toBe(`${long}/${long}`)
    expect(listed(archive)).toHaveLength(6)
  })

  it('keeps names that are no UTF-8, and says that they are bytes', async () => {
    const test = createTestRepository()
    const name = Uint8Array.of(0x66, 0xff, 0xfe)
    const { archive } = await exported(test, [
      { ...test.file('', utf8('1')), name },
      { ...base, type: 'symlink', name: utf8('link'), target: name },
    ])
    const inPath = concatBytes(utf8('path='), name, utf8('\n'))
    const inTarget = concatBytes(utf8('linkpath='), name, utf8('\n'))
    expect(holds(archive, inPath)).toBe(true)
    expect(holds(archive, inTarget)).toBe(true)
    expect((await read(archive)).map(({ pax }) => pax['hdrcharset'])).toEqual([
      undefined,
      'BINARY',
      'BINARY',
    ])
  })

  it('names users and groups as the point does', async () => {
    const test = createTestRepository()
    const { archive } = await exported(
      test,
      [test.file('a', utf8(''), { uid: 1000, gid: 2000 }), test.file('b', utf8(''), { uid: 1 })],
      {
        manifest: {
          users: [{ id: 1000, name: utf8('ärmel'.repeat(10)) }],
          groups: [{ id: 2000, name: utf8('staff') }],
        },
      },
    )
    const [, a, b] = await read(archive)
    expect(a?.pax).toMatchObject({ uname: 'ärmel'.repeat(10), gname: 'staff' })
    expect(b?.pax).toEqual({ uid: '1', mtime: '1600000000.123456789' })
  })

  it('keeps extended attributes as bytes and access control lists as text', async () => {
    const test = createTestRepository()
    const binary = Uint8Array.of(0, 255, 10, 0x3d, 128)
    const xattrs = withXattrs(
      ['system.posix_acl_access', acl],
      ['user.binary', binary],
      ['user.empty', utf8('')],
    )
    const { archive, result } = await exported(test, [test.file('a', utf8('a'), xattrs)])
    expect(result.failures).toEqual([])
    expect(holds(archive, concatBytes(utf8('SCHILY.xattr.user.binary='), binary))).toBe(true)
    expect((await read(archive))[1]?.pax).toMatchObject({
      'SCHILY.acl.access': 'user::rw-,user:65278:r--,group::r--,mask::r--,other::---',
      'SCHILY.xattr.user.empty': '',
    })
  })

  it('leaves attributes and access control lists out where that was asked for', async () => {
    const test = createTestRepository()
    const xattrs = withXattrs(['system.posix_acl_access', acl], ['user.a', utf8('a')])
    const entries = [test.file('a', utf8('a'), xattrs)]
    const keywords = async (options: Partial<TarOptions>) => {
      const { archive } = await exported(test, entries, { options })
      return Object.keys((await read(archive))[1]?.pax ?? {})
    }
    expect(await keywords({ acls: false })).toEqual(['mtime', 'SCHILY.xattr.user.a'])
    expect(await keywords({ xattrs: false })).toEqual(['mtime', 'SCHILY.acl.access'])
  })

  it('holds what was asked for and the directories above, or with strip the contents alone', async () => {
    const test = createTestRepository()
    const docs = test.directory('docs', [test.file('one', utf8('1'))])
    const entries = [test.directory('home', [docs, test.file('other', utf8('o'))])]
    const paths = [namesOf('/home/docs')]
    const whole = await exported(test, entries, { request: { paths, strip: false } })
    expect(await namesIn(whole.archive)).toEqual(['home/', 'home/docs/', 'home/docs/one'])
    const stripped = await exported(test, entries, { request: { paths, strip: true } })
    expect(await namesIn(stripped.archive)).toEqual(['./', 'one'])
  })
})

describe('what an archive can not hold', () => {
  it('is left out and named', async () => {
    const test = createTestRepository()
    const { archive, result } = await exported(test, [
      { ...base, type: 'char', name: utf8('far'), device: { major: 1, minor: 262_144 } },
      { ...base, type: 'socket', name: utf8('socket') },
      test.file('rest', utf8('')),
    ])
    expect(failuresOf(result.failures)).toEqual(['far content', 'socket content'])
    expect(await namesIn(archive)).toEqual(['./', 'rest'])
  })

  it('leaves a file its other attributes', async () => {
    const test = createTestRepository()
    const value = test.add(1, pseudoRandomBytes('value', mebibyte))
    const odd = withXattrs(['user.100%', utf8('b')], ['user.a=b', utf8('c')])
    const xattrs = [
      { name: utf8('system.posix_acl_access'), value: utf8('no list') },
      ...(odd.xattrs ?? []),
      { name: utf8('user.large'), content: [value] },
      { name: utf8('user.z'), value: utf8('z') },
    ]
    const { archive, result } = await exported(test, [test.file('a', utf8('content'), { xattrs })])
    expect(failuresOf(result.failures)).toEqual(['a xattr', 'a xattr', 'a xattr'])
    const [, a] = await read(archive)
    expect(a?.content.toString()).toBe('content')
    expect(Object.keys(a?.pax ?? {})).toEqual([
      'mtime',
      'SCHILY.xattr.user.100%',
      'SCHILY.xattr.user.z',
    ])
  })
})

describe('content that can not be read', () => {
  it('leaves a small file out, under each of its names', async () => {
    const test = createTestRepository({ segmentBytes: 1000 })
    const bad = test.file('bad', pseudoRandomBytes('bad', 1000), { inode: 5n, links: 2 })
    const good = test.file('good', pseudoRandomBytes('good', 1000))
    const entries = [bad, { ...bad, name: utf8('bad too') }, good]
    const damaged = bad.content?.[0]?.id
    const { archive, result } = await exported(test, entries, { damaged })
    expect(failuresOf(result.failures)).toEqual(['bad content', 'bad too content'])
    expect(await namesIn(archive)).toEqual(['./', 'good'])
    expect(result).toMatchObject({ files: 1, hardLinks: 0 })
  })

  it('leaves zeros in a large file, whose header is written already, and says so', async () => {
    const test = createTestRepository({ segmentBytes: 1000 })
    const content = pseudoRandomBytes('large', 10 * mebibyte)
    const pieces = Array.from({ length: 10 }, (_, at) =>
      test.add(1, content.subarray(at * mebibyte, (at + 1) * mebibyte)),
    )
    const large = { ...test.file('large', content), content: pieces }
    const { archive, result } = await exported(test, [large, test.file('next', utf8('n'))], {
      damaged: pieces[3]?.id,
    })
    expect(result.failures).toMatchObject([{ code: 'damaged' }])
    expect(result.failures[0]?.message).toContain('1048576 of its 10485760 bytes')
    const [, found, next] = await read(archive)
    const expected = Buffer.from(content).fill(0, 3 * mebibyte, 4 * mebibyte)
    expect(found?.content.equals(expected)).toBe(true)
    expect(next?.content.toString()).toBe('n')
  })
})

describe('writing an archive', () => {
  it('reads no further ahead than a bound while the writer is slow', async () => {
    const test = createTestRepository()
    const content = pseudoRandomBytes('pieces', 64 * mebibyte)
    const state = { read: 0, written: 0, most: 0 }
    const { result } = await exported(test, [test.file('large', content)], {
      options: {
        observer: { onProgress: ({ bytesRestored }) => (state.read = bytesRestored) },
        write: async (bytes) => {
          for (let turn = 0; turn < 20; turn++) await setImmediate()
          state.written += bytes.length
          state.most = Math.max(state.most, state.read - state.written)
        },
      },
    })
    expect(result.failureCount).toBe(0)
    expect(state.written).toBeGreaterThan(content.length)
    expect(state.most).toBeLessThan(20 * mebibyte)
  })

  it('holds few entries without content while the writer is slow', async () => {
    const test = createTestRepository()
    const pipes = Array.from({ length: 6000 }, (_, at): Entry => ({
      ...base,
      type: 'fifo',
      name: utf8(`pipe ${at}`),
    }))
    const state = { made: 0, written: 0, most: 0 }
    await exported(test, pipes, {
      options: {
        observer: { onProgress: ({ others }) => (state.made = others) },
        write: async (bytes) => {
          for (let turn = 0; turn < 200; turn++) await setImmediate()
          state.written += bytes.length
          state.most = Math.max(state.most, state.made * 1536 - state.written)
        },
      },
    })
    expect(state.written).toBeGreaterThan(6000 * 1536)
    expect(state.most).toBeLessThan(2 * mebibyte)
  })

  it("fails with the writer's failure", async () => {
    const test = createTestRepository()
    const files = Array.from({ length: 300 }, (_, at) =>
      test.file(`file ${at}`, pseudoRandomBytes(String(at), 10_000)),
    )
    const full = new BackupError('disk-full', 'Full.')
    const write = () => Promise.reject(full)
    await expect(exported(test, files, { options: { write } })).rejects.toBe(full)
  })

  it('stops when it is interrupted', async () => {
    const test = createTestRepository()
    const files = Array.from({ length: 300 }, (_, at) =>
      test.file(`file ${at}`, pseudoRandomBytes(String(at), 10_000)),
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

/** user::rw-, user:65278:r--, group::r--, mask::r--, other::--- */
const acl = Buffer.from(
  '02000000' +
    '01000600ffffffff' +
    '02000400fefe0000' +
    '04000400ffffffff' +
    '10000400ffffffff' +
    '20000000ffffffff',
  'hex',
)
