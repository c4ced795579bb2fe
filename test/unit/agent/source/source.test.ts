import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { systemCodeOf } from '../../../../src/base/errors.ts'
import { readXattrs } from '../../../../src/agent/source/read-xattrs.ts'
import {
  readDirectory,
  type DirectoryListing,
} from '../../../../src/agent/source/read-directory.ts'
import { decodeDevice, lstatExact } from '../../../../src/agent/source/facts.ts'
import { createLastingInode } from '../../../../src/agent/source/lasting-inode.ts'
import { readLink } from '../../../../src/agent/source/read-link.ts'
import { openForReading } from '../../../../src/agent/source/open-file.ts'
import { openSystemCalls } from '../../../../src/agent/system/open.ts'
import { SystemCallError } from '../../../../src/agent/system/system-calls.ts'
import { joinPath } from '../../../../src/model/path.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const isLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0
const system = openSystemCalls()

describe.runIf(isLinux)('the facts of a file', () => {
  it('are those of stat(1)', () => {
    const text = join(scratchDirectory(), 'file')
    writeFileSync(text, '12345', { mode: 0o640 })
    chmodSync(text, 0o4750)
    linkSync(text, `${text}-2`)
    system.setTimes(utf8(text), 0n, -5_000_000_001n)
    const facts = lstatExact(utf8(text))
    expect(facts).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o4750, links: 2 })
    expect(facts.mtimeNs).toBe(-5_000_000_001n)
    const shown = execFileSync('stat', ['-c', '%i %d %u %g %.9Z %.9W', text], { encoding: 'utf8' })
    const [inode, device, uid, gid, ctime, btime] = shown.trim().split(' ')
    const ns = (seconds: string | undefined) => BigInt((seconds ?? '').replace('.', ''))
    expect(facts.inode).toBe(BigInt(inode ?? -1))
    expect(facts.deviceId).toBe(BigInt(device ?? -1))
    expect([facts.uid, facts.gid]).toEqual([Number(uid), Number(gid)])
    expect(facts.ctimeNs).toBe(ns(ctime))
    expect(facts.btimeNs).toBe(ns(btime))
  })

  it('tell all kinds apart', () => {
    const directory = scratchDirectory()
    const at = (name: string) => join(directory, name)
    mkdirSync(at('directory'))
    symlinkSync('nowhere', at('symlink'))
    system.makeNode(utf8(at('fifo')), 0o600, { kind: 'fifo' })
    system.makeNode(utf8(at('socket')), 0o600, { kind: 'socket' })
    for (const name of ['directory', 'symlink', 'fifo', 'socket']) {
      expect(lstatExact(utf8(at(name))).kind).toBe(name)
      expect(lstatExact(utf8(at(name))).device).toBeUndefined()
    }
    expect(lstatExact(utf8('/dev/null'))).toMatchObject({
      kind: 'char',
      device: { major: 1, minor: 3 },
    })
  })

  it('have no time of birth where the file system keeps none', () => {
    expect(lstatExact(utf8('/proc/self/stat')).btimeNs).toBeUndefined()
  })

  it.runIf(isRoot)('have the numbers of devices that were made', () => {
    const path = utf8(join(scratchDirectory(), 'device'))
    const device = { major: 259, minor: 70_000 }
    system.makeNode(path, 0o600, { kind: 'block', device })
    expect(lstatExact(path)).toMatchObject({ kind: 'block', device: device })
  })
})

describe('device numbers', () => {
  it('are split as each system packs them', () => {
    expect(decodeDevice(0x103n, 'linux')).toEqual({ major: 1, minor: 3 })
    expect(decodeDevice(0x1234_59ab_cde6_78f0n, 'linux')).toEqual({
      major: 0x1234_5678,
      minor: 0x9abc_def0,
    })
    expect(decodeDevice(-1n, 'linux')).toEqual({ major: 0xffffffff, minor: 0xffffffff })
    expect(decodeDevice(0x0e00_0007n, 'darwin')).toEqual({ major: 14, minor: 7 })
  })
})

function listed(directory: Uint8Array): DirectoryListing {
  const listings = [...readDirectory(directory)]
  return {
    entries: listings.flatMap(({ entries }) => entries),
    failures: listings.flatMap(({ failures }) => failures),
  }
}

describe('a directory', () => {
  it('is listed in the order of its name bytes, with the facts of each', () => {
    const directory = utf8(scratchDirectory())
    const names = [[0xff, 0x61], [0x61], [0x62, 0x0a], [0x61, 0x00 + 1], [0xc3, 0xa9]].map(
      (bytes) => Buffer.from(bytes),
    )
    const usable = isLinux ? names : [Buffer.from('b'), Buffer.from('a')]
    for (const name of usable) writeFileSync(joinPath(directory, name), name)
    const { entries, failures } = listed(directory)
    expect(entries.map((entry) => entry.name)).toEqual(
      [...usable].sort((a, b) => Buffer.compare(a, b)),
    )
    expect(entries.map((entry) => entry.facts.sizeBytes)).toEqual(
      entries.map((entry) => entry.name.length),
    )
    expect(failures).toEqual([])
  })

  it('that is empty has nothing', () => {
    expect(listed(utf8(scratchDirectory()))).toEqual({ entries: [], failures: [] })
  })

  it('that is not there, or is a file, fails with the system’s code', () => {
    const directory = scratchDirectory()
    writeFileSync(join(directory, 'file'), '')
    const codeOf = (name: string) => {
      try {
        readDirectory(utf8(join(directory, name)))
        return undefined
      } catch (error) {
        return systemCodeOf(error)
      }
    }
    expect(codeOf('none')).toBe('ENOENT')
    expect(codeOf('file')).toBe('ENOTDIR')
  })

  it.runIf(isLinux)('lists with a reason what can not be looked at', () => {
    // Descriptors of this process: the one that lists them is gone when they are looked at.
    const { entries, failures } = listed(utf8('/proc/self/fd'))
    expect(entries.length).toBeGreaterThan(0)
    expect(failures.length).toBeGreaterThan(0)
    expect(failures[0]).toMatchObject({ reason: 'vanished' })
    expect(failures[0]?.detail).toContain('ENOENT')
  })
})

describe.runIf(isLinux)('extended attributes', () => {
  it('come sorted by name', () => {
    const path = utf8(join(scratchDirectory(), 'file'))
    writeFileSync(Buffer.from(path), '')
    for (const name of ['user.b', 'user.a', 'user.ab'])
      system.setXattr(path, utf8(name), utf8(name))
    const { xattrs, failures } = readXattrs(path)
    expect(xattrs.map(({ name }) => Buffer.from(name).toString())).toEqual([
      'user.a',
      'user.ab',
      'user.b',
    ])
    expect(xattrs.map(({ value }) => Buffer.from(value).toString())).toEqual([
      'user.a',
      'user.ab',
      'user.b',
    ])
    expect(failures).toEqual([])
  })

  it('that can not be listed are a problem of the file', () => {
    const { xattrs, failures } = readXattrs(utf8('/no-such-file'))
    expect(xattrs).toEqual([])
    expect(failures).toMatchObject([{ name: utf8(''), error: { code: 'ENOENT' } }])
  })

  it('that can not be read are named, and the others kept; one that went meanwhile is no problem', () => {
    const failing = {
      ...system,
      listXattrs: () => [utf8('user.gone'), utf8('user.good'), utf8('user.bad')],
      getXattr: (_: Uint8Array, name: Uint8Array) => {
        const text = Buffer.from(name).toString()
        if (text === 'user.gone') throw new SystemCallError('ENODATA', 'getxattr')
        if (text === 'user.bad') throw new SystemCallError('EIO', 'getxattr')
        return utf8('v')
      },
    }
    const { xattrs, failures } = readXattrs(utf8('/x'), failing)
    expect(xattrs).toEqual([{ name: utf8('user.good'), value: utf8('v') }])
    expect(failures).toEqual([
      { name: utf8('user.bad'), error: new SystemCallError('EIO', 'getxattr') },
    ])
  })

  it('that XFS has for an ACL beside it are not taken twice', () => {
    const named = (...names: string[]) => {
      const listXattrs = () => names.map(utf8)
      const { xattrs } = readXattrs(utf8('/x'), {
        ...system,
        listXattrs,
        getXattr: () => utf8('v'),
      })
      return xattrs.map(({ name }) => Buffer.from(name).toString())
    }
    const acls = ['system.posix_acl_access', 'system.posix_acl_default']
    expect(named('trusted.SGI_ACL_FILE', 'trusted.SGI_ACL_DEFAULT', ...acls)).toEqual(acls)
    const alone = ['system.posix_acl_default', 'trusted.SGI_ACL_FILE']
    expect(named(...alone)).toEqual(alone)
  })
})

describe('a file opened for reading', () => {
  function scratchFile(content: string) {
    const text = join(scratchDirectory(), 'file')
    writeFileSync(text, content)
    return text
  }

  it('is read from any place, to its end', () => {
    const file = openForReading(utf8(scratchFile('0123456789')))
    const into = new Uint8Array(4)
    expect(file.read(into, 3)).toBe(4)
    expect(Buffer.from(into).toString()).toBe('3456')
    expect(file.read(into, 8)).toBe(2)
    expect(file.read(into, 10)).toBe(0)
    expect(file.facts().sizeBytes).toBe(10)
    file.close()
  })

  it('is read on from where the last read ended', () => {
    const file = openForReading(utf8(scratchFile('0123456789')))
    const into = new Uint8Array(6)
    expect([file.read(into), file.read(into), file.read(into)]).toEqual([6, 4, 0])
    expect(Buffer.from(into).toString()).toBe('678945')
    file.close()
  })

  it('shows that it changed while it was read', () => {
    const text = scratchFile('before')
    const file = openForReading(utf8(text))
    const before = file.facts()
    expect(file.facts()).toEqual(before)
    appendFileSync(text, 'more')
    expect(file.facts().sizeBytes).toBe(10)
    expect(before.sizeBytes).toBe(6)
    file.close()
  })

  it('stays the file that it was when the name is given to another', () => {
    const text = scratchFile('old')
    const file = openForReading(utf8(text))
    writeFileSync(`${text}-new`, 'newer')
    renameSync(`${text}-new`, text)
    const into = new Uint8Array(10)
    expect(Buffer.from(into.subarray(0, file.read(into, 0))).toString()).toBe('old')
    expect(file.facts().inode).not.toBe(lstatExact(utf8(text)).inode)
    file.close()
  })

  it.runIf(isLinux)('keeps its access time', () => {
    const text = scratchFile('content')
    system.setTimes(utf8(text), 1_000n, 2_000n)
    const file = openForReading(utf8(text))
    file.read(new Uint8Array(10), 0)
    file.close()
    expect(lstatSync(text, { bigint: true }).atimeNs).toBe(1_000n)
  })

  it.runIf(isLinux)('is never what a link points to', () => {
    const text = scratchFile('secret')
    symlinkSync(text, `${text}-link`)
    expect(() => openForReading(utf8(`${text}-link`))).toThrow('ELOOP')
  })

  it.runIf(isLinux)(
    'is never a FIFO, a device or a directory, and none of them keeps it waiting',
    () => {
      const directory = scratchDirectory()
      const fifo = utf8(join(directory, 'fifo'))
      system.makeNode(fifo, 0o600, { kind: 'fifo' })
      expect(() => openForReading(fifo)).toThrow('a fifo')
      expect(() => openForReading(utf8('/dev/null'))).toThrow('a char')
      expect(() => openForReading(utf8(directory))).toThrow('a directory')
    },
  )

  it('that is not there fails with ENOENT', () => {
    const text = scratchFile('')
    rmSync(text)
    expect(() => openForReading(utf8(text))).toThrow('ENOENT')
  })
})

describe('links', () => {
  it.runIf(isLinux)('are read as bytes', () => {
    const text = join(scratchDirectory(), 'link')
    const target = Buffer.from([0x61, 0xff, 0x2f, 0x0a])
    symlinkSync(target, text)
    expect(readLink(utf8(text)).target).toEqual(target)
  })

  it.runIf(isLinux)(
    'are read with the facts of the very link, however its name is given on',
    async () => {
      const directory = scratchDirectory()
      const at = (name: string) => join(directory, name)
      const swap = `
      const { renameSync, symlinkSync, lutimesSync } = require('node:fs')
      for (let turn = 0; turn < 3000; turn++) {
        const seconds = 1000 + (turn % 2)
        symlinkSync('target of ' + seconds, ${JSON.stringify(at('next'))})
        lutimesSync(${JSON.stringify(at('next'))}, seconds, seconds)
        renameSync(${JSON.stringify(at('next'))}, ${JSON.stringify(at('link'))})
      }`
      symlinkSync('target of 1000', at('link'))
      lutimesSync(at('link'), 1000, 1000)
      const swapper = new Worker(swap, { eval: true })
      const swaps = { areDone: false }
      const done = once(swapper, 'exit').then(() => (swaps.areDone = true))
      while (!swaps.areDone) {
        for (let read = 0; read < 50; read++) {
          const { target, facts } = readLink(utf8(at('link')))
          expect(target.toString()).toBe(`target of ${(facts?.mtimeNs ?? 0n) / 1_000_000_000n}`)
        }
        await setImmediate()
      }
      await done
    },
  )

  it.runIf(isLinux)('that are none any more fail with EINVAL', () => {
    const text = join(scratchDirectory(), 'file')
    writeFileSync(text, 'a file')
    expect(() => readLink(utf8(text))).toThrow('EINVAL')
  })
})

describe.runIf(isLinux)('inode numbers', () => {
  it('are kept where they last, also those of links that point nowhere', () => {
    const directory = mkdtempSync('/dev/shm/backup-test-')
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const link = utf8(join(directory, 'link'))
    symlinkSync('nowhere', Buffer.from(link))
    const facts = lstatExact(link)
    expect(createLastingInode(system)(facts, link)).toBe(facts.inode)
  })

  it('are asked for once a file system', () => {
    const asked: string[] = []
    const counting = {
      ...system,
      inodesLast: (path: Uint8Array) => {
        asked.push(Buffer.from(path).toString())
        return asked.length > 1
      },
    }
    const lastingInode = createLastingInode(counting)
    const facts = lstatExact(utf8('/'))
    expect(lastingInode(facts, utf8('/'))).toBeUndefined()
    expect(lastingInode(facts, utf8('/again'))).toBeUndefined()
    expect(lastingInode({ ...facts, deviceId: facts.deviceId + 1n }, utf8('/other'))).toBe(
      facts.inode,
    )
    expect(asked).toEqual(['/', '/other'])
  })

  it('are asked for again after a question that failed', () => {
    let fails = true
    const failing = {
      ...system,
      inodesLast: () => {
        if (fails) throw new SystemCallError('EACCES', 'statfs')
        return true
      },
    }
    const lastingInode = createLastingInode(failing)
    const facts = lstatExact(utf8('/'))
    expect(lastingInode(facts, utf8('/'))).toBeUndefined()
    fails = false
    expect(lastingInode(facts, utf8('/'))).toBe(facts.inode)
  })
})
