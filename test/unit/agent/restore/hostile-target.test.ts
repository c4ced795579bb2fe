/** Somebody who may write to the target changes it while a restore, perhaps root's, is going on. */

import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { noFlags, type Entry } from '../../../../src/model/entry.ts'
import { planRestore, type RestorePlan } from '../../../../src/agent/restore/plan.ts'
import { restorePoint, type RestoreOptions } from '../../../../src/agent/restore/restore.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { createTestRepository, type TestRepository } from '../../../support/test-repository.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const system = systemCalls()
const isLinux = process.platform === 'linux'

/** Something of somebody else's, and how to say that it is as it was. */
function outsider() {
  const path = join(scratchDirectory(), 'theirs')
  writeFileSync(path, 'theirs', { mode: 0o600 })
  const look = () => {
    const { uid, gid, mode, mtimeNs, size } = lstatSync(path, { bigint: true })
    const xattrs = system.listXattrs(utf8(path)).map((name) => Buffer.from(name).toString())
    const folder = readdirSync(join(path, '..'))
    return { uid, gid, mode, mtimeNs, size, xattrs, folder, content: readFileSync(path, 'utf8') }
  }
  return { path, look }
}

interface Attack {
  /** Before each entry is given its owner: its temporary name is there, it has no attributes yet. */
  readonly whenMade?: () => void
  readonly onItem?: (kind: string, path: string) => void
  readonly options?: Partial<RestoreOptions>
}

async function restoreUnder(test: TestRepository, entries: Entry[], to: string, attack: Attack) {
  const { manifest, index } = await openPoint(
    test.repository,
    test.commit(test.directory('', entries)),
  )
  const chunks = createChunkReader(test.repository, index)
  const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
  const plan = await planRestore(point, { paths: [], strip: false })
  const watched: RestorePlan = {
    items: async function* (options) {
      for await (const item of plan.items(options)) {
        const path = item.path.map((name) => Buffer.from(name).toString()).join('/')
        attack.onItem?.(item.kind, path)
        yield item
      }
    },
  }
  const usual = restoreOptions(test.repository, { to, chunks })
  return restorePoint(point, watched, {
    ...usual,
    attributes: {
      ...usual.attributes,
      ownerOf: (uid, gid) => {
        attack.whenMade?.()
        return { uid, gid }
      },
    },
    ...attack.options,
  })
}

/** What is half done gives way to another name of the victim. */
function replaceTemporaries(folder: string, victim: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('.restore-')) continue
    unlinkSync(join(folder, name))
    linkSync(victim, join(folder, name))
  }
}

describe.runIf(isLinux)('what takes the place of something that is being restored', () => {
  const test = createTestRepository()
  const loose = {
    ...{ mode: 0o777, uid: process.geteuid?.() ?? 0, gid: 4242, mtimeNs: 1n, flags: noFlags },
    xattrs: [{ name: utf8('user.mine'), value: utf8('x') }],
  }
  const kinds: Entry[] = [
    test.file('file', utf8('mine'), loose),
    { ...loose, xattrs: undefined, type: 'symlink', name: utf8('link'), target: utf8('x') },
    { ...loose, xattrs: undefined, type: 'fifo', name: utf8('fifo') },
  ]

  it.each(kinds.map((entry) => [entry.type, entry] as const))(
    'gets no attributes of a %s',
    async (_, entry) => {
      const to = scratchDirectory()
      const victim = outsider()
      const before = victim.look()
      await restoreUnder(test, [entry], to, {
        whenMade: () => {
          replaceTemporaries(to, victim.path)
        },
      })
      expect(victim.look()).toEqual(before)
    },
  )

  it('gets nothing written, and no attributes, where it is a link in place of a directory', async () => {
    const victim = outsider()
    const before = victim.look()
    const outside = join(victim.path, '..')
    const mode = lstatSync(outside).mode
    for (const moment of ['directory', 'leaf', 'end']) {
      const to = scratchDirectory()
      const swap = (kind: string, path: string) => {
        if (kind !== moment || !path.startsWith('dir')) return
        if (kind === 'directory') mkdirSync(join(to, 'dir'))
        renameSync(join(to, 'dir'), join(to, 'moved'))
        symlinkSync(outside, join(to, 'dir'))
      }
      const dir = test.directory('dir', [test.file('theirs', utf8('mine'), loose)], loose)
      await restoreUnder(test, [dir], to, {
        onItem: swap,
        options: { onConflict: 'overwrite' },
      })
      expect(victim.look()).toEqual(before)
      expect(lstatSync(outside).mode).toBe(mode)
    }
  })

  it('stays as it is where it is another name of a file outside, which overwrite replaces', async () => {
    const to = scratchDirectory()
    const victim = outsider()
    linkSync(victim.path, join(to, 'file'))
    const before = victim.look()
    const result = await restoreUnder(test, kinds.slice(0, 1), to, {
      options: { onConflict: 'overwrite', nowMs: Date.now() + 60_000 },
    })
    expect(victim.look()).toEqual(before)
    expect(result).toMatchObject({ replaced: 1 })
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('mine')
  })
})

describe.runIf(process.geteuid?.() === 0)('what lends rights', () => {
  it('is left out and named, unless it was asked for', async () => {
    const test = createTestRepository()
    const own = { uid: 0, gid: 0, mtimeNs: 1n, flags: noFlags }
    const capability = [
      {
        name: utf8('security.capability'),
        value: Buffer.from('0100000200200000000000000000000000000000', 'hex'),
      },
    ]
    const entries: Entry[] = [
      test.file('able', utf8('2'), { ...own, mode: 0o755, xattrs: capability }),
      test.directory('group', [], { ...own, mode: 0o2775 }),
      { ...own, mode: 0o600, type: 'char', name: utf8('null'), device: { major: 1, minor: 3 } },
      test.file('su', utf8('1'), { ...own, mode: 0o6755 }),
    ]
    const to = scratchDirectory()
    const restore = (privileged: boolean, options: Partial<RestoreOptions> = {}) => {
      const { attributes } = restoreOptions(test.repository, { to, chunks: unused })
      return restoreUnder(test, entries, to, {
        options: { ...options, attributes: { ...attributes, privileged } },
      })
    }
    const result = await restore(false)
    expect(
      result.failures.map(({ path, part, code }) => [
        Buffer.concat([...path]).toString(),
        part.kind,
        code,
      ]),
    ).toEqual([
      ['null', 'content', 'privilege-withheld'],
      ['able', 'xattr', 'privilege-withheld'],
      ['su', 'mode', 'privilege-withheld'],
    ])
    const modeOf = (name: string) => lstatSync(join(to, name)).mode & 0o7777
    expect(readdirSync(to).sort()).toEqual(['able', 'group', 'su'])
    expect([modeOf('su'), modeOf('group')]).toEqual([0o755, 0o2775])

    const later = { nowMs: Date.now() + 60_000, onConflict: 'overwrite' } as const
    expect(await restore(true, later)).toMatchObject({ failureCount: 0, replaced: 2 })
    expect([modeOf('su'), lstatSync(join(to, 'null')).isCharacterDevice()]).toEqual([0o6755, true])
    expect(system.listXattrs(utf8(join(to, 'able')))).toHaveLength(1)
    const last = { ...later, nowMs: later.nowMs + 60_000 }
    expect(await restore(true, last)).toMatchObject({ failureCount: 0, replaced: 0, unchanged: 3 })
  })
})

const unused = {
  load: () => Promise.reject(new Error('not used')),
  loadMany: () => Promise.reject(new Error('not used')),
  bytesFetched: 0,
}
