import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { noFlags } from '../../../../src/model/entry.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { planRestore } from '../../../../src/agent/restore/plan.ts'
import { restorePoint } from '../../../../src/agent/restore/restore.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint, type PointFacts } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import {
  createTestRepository,
  namesOf,
  type TestRepository,
} from '../../../support/test-repository.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const isRoot = process.geteuid?.() === 0
const nobody = 65_534

/** u::rw-,u:4242:rw-,g::r--,m::rw-,o::r-- */
const acl = Uint8Array.from(
  Buffer.from(
    '0200000001000600ffffffff020006009210000004000400ffffffff10000600ffffffff20000400ffffffff',
    'hex',
  ),
)

/** Restores as a user without privileges, to a directory that anyone may write to. */
async function restoreAsUser(test: TestRepository, facts: PointFacts) {
  const scratch = scratchDirectory()
  chmodSync(scratch, 0o777)
  const to = join(scratch, 'to')
  const { manifest, index } = await openPoint(test.repository, facts)
  const chunks = createChunkReader(test.repository, index)
  const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
  const plan = await planRestore(point, { paths: [], strip: false })
  const system = systemCalls()
  process.setegid?.(nobody)
  process.seteuid?.(nobody)
  const options = { ...restoreOptions(test.repository, { to, chunks }), system }
  return { to, result: await restorePoint(point, plan, options) }
}

afterEach(() => {
  process.seteuid?.(0)
  process.setegid?.(0)
})

describe.runIf(isRoot)('restoring as a user without privileges', () => {
  it("makes everything the user's, counts that, takes setuid away and names it", async () => {
    const test = createTestRepository()
    const owner = { uid: 1234, gid: 1234 }
    const own = { uid: nobody, gid: nobody }
    const root = test.directory(
      '',
      [
        test.file('foreign', utf8('1'), { ...owner, mode: 0o4755 }),
        test.file('own', utf8('2'), { ...own, mode: 0o4755 }),
        test.directory('dir', [test.file('inner', utf8('3'), owner)], { ...owner, mode: 0o2500 }),
      ],
      own,
    )
    const { to, result } = await restoreAsUser(test, test.commit(root))
    expect(result).toMatchObject({ files: 3, ownersKept: 3 })
    expect(result.failures).toMatchObject([
      { path: namesOf('/foreign'), part: { kind: 'mode' }, code: 'privilege-withheld' },
    ])
    expect(statSync(join(to, 'foreign')).uid).toBe(nobody)
    expect(statSync(join(to, 'foreign')).mode & 0o7777).toBe(0o755)
    expect(statSync(join(to, 'own')).mode & 0o7777).toBe(0o4755)
    expect(statSync(join(to, 'dir')).mode & 0o777).toBe(0o500)
  })

  it('sets attributes of files that may not be written any more', async () => {
    const test = createTestRepository()
    const xattrs = [{ name: utf8('user.note'), value: utf8('kept') }]
    const own = { uid: nobody, gid: nobody, xattrs, mode: 0o400 }
    const root = test.directory('', [test.file('file', utf8('1'), own)], {
      uid: nobody,
      gid: nobody,
    })
    const { to, result } = await restoreAsUser(test, test.commit(root))
    expect(result.failures).toEqual([])
    const value = systemCalls().getXattr(Buffer.from(join(to, 'file')), utf8('user.note'))
    expect(Buffer.from(value).toString()).toBe('kept')
    expect(lstatSync(join(to, 'file')).mode & 0o777).toBe(0o400)
  })

  it('lists devices and attributes that only root can make, and restores the rest', async () => {
    const test = createTestRepository()
    const own = { uid: nobody, gid: nobody, mode: 0o644, mtimeNs: 1n, flags: noFlags }
    const trusted = [{ name: utf8('trusted.x'), value: utf8('1') }]
    const root = test.directory(
      '',
      [
        { ...own, type: 'char', name: utf8('null'), device: { major: 1, minor: 3 } },
        { ...own, type: 'fifo', name: utf8('fifo') },
        test.file('file', utf8('1'), { ...own, xattrs: trusted }),
      ],
      { uid: nobody, gid: nobody },
    )
    const { to, result } = await restoreAsUser(test, test.commit(root))
    expect(readdirSync(to).sort()).toEqual(['fifo', 'file'])
    expect(result.failures).toMatchObject([
      { path: namesOf('/null'), part: { kind: 'content' }, code: 'EPERM' },
      { path: namesOf('/file'), part: { kind: 'xattr' }, code: 'EPERM' },
    ])
  })

  it('names nothing for the form that XFS gives an ACL, in points that hold it too', async () => {
    const test = createTestRepository()
    const xattrs = ['system.posix_acl_access', 'trusted.SGI_ACL_FILE'].map((name) => ({
      name: utf8(name),
      value: acl,
    }))
    const own = { uid: nobody, gid: nobody, xattrs, mode: 0o664 }
    const root = test.directory('', [test.file('file', utf8('1'), own)], {
      uid: nobody,
      gid: nobody,
    })
    const { to, result } = await restoreAsUser(test, test.commit(root))
    expect(result.failures).toEqual([])
    const path = Buffer.from(join(to, 'file'))
    expect(systemCalls().getXattr(path, utf8('system.posix_acl_access'))).toEqual(acl)
  })

  it('goes on beside a directory that it may not write to', async () => {
    const test = createTestRepository()
    const closed = test.directory('closed', [test.file('file', utf8('1'))])
    const root = test.directory('', [closed, test.file('other', utf8('2'))])
    const facts = test.commit(root)
    const scratch = scratchDirectory()
    chmodSync(scratch, 0o777)
    mkdirSync(join(scratch, 'closed'), { mode: 0o755 })
    const { manifest, index } = await openPoint(test.repository, facts)
    const chunks = createChunkReader(test.repository, index)
    const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
    const plan = await planRestore(point, { paths: [], strip: false })
    process.setegid?.(nobody)
    process.seteuid?.(nobody)
    const result = await restorePoint(
      point,
      plan,
      restoreOptions(test.repository, { to: scratch, chunks }),
    )
    expect(readdirSync(scratch).sort()).toEqual(['closed', 'other'])
    expect(result.failures).toContainEqual(
      expect.objectContaining({ path: namesOf('/closed/file'), code: 'EACCES' }),
    )
  })
})
