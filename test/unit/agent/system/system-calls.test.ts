import { execFileSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareBytes, utf8 } from '../../../../src/base/bytes.ts'
import { systemCodeOf } from '../../../../src/base/errors.ts'
import { openSystemCalls } from '../../../../src/agent/system/open.ts'
import { portableSystemCalls } from '../../../../src/agent/system/portable.ts'
import { decodeDevice } from '../../../../src/agent/source/facts.ts'
import { SystemCallError, type OpenDirectory } from '../../../../src/agent/system/system-calls.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const isPosix = process.platform === 'linux' || process.platform === 'darwin'
const isRoot = process.getuid?.() === 0
const system = openSystemCalls()

function scratchFile(): { readonly text: string; readonly path: Uint8Array } {
  const text = join(scratchDirectory(), 'file')
  writeFileSync(text, 'content')
  return { text, path: utf8(text) }
}

/** The code that the call fails with. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return systemCodeOf(error)
  }
}

const latin = (names: readonly Uint8Array[]) =>
  names.map((name) => Buffer.from(name).toString('latin1'))

describe.runIf(isPosix)('extended attributes', () => {
  it('come back as they were set, and go', () => {
    const { path } = scratchFile()
    expect(system.listXattrs(path)).toEqual([])
    system.setXattr(path, utf8('user.a'), utf8('one'))
    system.setXattr(path, utf8('user.empty'), new Uint8Array(0))
    expect(latin(system.listXattrs(path)).sort()).toEqual(['user.a', 'user.empty'])
    expect(system.getXattr(path, utf8('user.a'))).toEqual(utf8('one'))
    expect(system.getXattr(path, utf8('user.empty'))).toEqual(new Uint8Array(0))
    system.setXattr(path, utf8('user.a'), utf8('two'))
    expect(system.getXattr(path, utf8('user.a'))).toEqual(utf8('two'))
    system.removeXattr(path, utf8('user.a'))
    expect(latin(system.listXattrs(path))).toEqual(['user.empty'])
  })

  it('may be larger than the buffer that is tried first, and many', () => {
    const { path } = scratchFile()
    const value = pseudoRandomBytes('value', 2000)
    system.setXattr(path, utf8('user.large'), value)
    expect(system.getXattr(path, utf8('user.large'))).toEqual(value)
    system.removeXattr(path, utf8('user.large'))
    const names = Array.from({ length: 30 }, (_, n) => `user.${'n'.repeat(20)}${n}`)
    for (const name of names) system.setXattr(path, utf8(name), utf8('v'))
    expect(latin(system.listXattrs(path)).sort()).toEqual([...names].sort())
  })

  it('have values of their own: a later call does not change them', () => {
    const { path } = scratchFile()
    system.setXattr(path, utf8('user.a'), utf8('first'))
    const first = system.getXattr(path, utf8('user.a'))
    system.setXattr(path, utf8('user.a'), utf8('other'))
    system.getXattr(path, utf8('user.a'))
    expect(first).toEqual(utf8('first'))
  })

  it('have bytes as names', () => {
    const { path } = scratchFile()
    const name = Buffer.concat([utf8('user.'), Uint8Array.of(0xff, 0x0a, 0x80)])
    system.setXattr(path, name, utf8('v'))
    expect(system.listXattrs(path).map((found) => Buffer.from(found))).toEqual([name])
  })

  it('are those of a link, not of what it points to', () => {
    const { text, path } = scratchFile()
    system.setXattr(path, utf8('user.a'), utf8('v'))
    symlinkSync(text, `${text}-link`)
    expect(system.listXattrs(utf8(`${text}-link`))).toEqual([])
    expect(codeOf(() => system.getXattr(utf8(`${text}-link`), utf8('user.a')))).toBe('ENODATA')
  })

  it('hold POSIX ACLs', () => {
    const { path } = scratchFile()
    // Version 2; user::rw-, user 1:r--, group::r--, mask::r--, other::r--.
    const acl = Buffer.from(
      '02000000' +
        '01000600ffffffff' +
        '0200040001000000' +
        '04000400ffffffff' +
        '10000400ffffffff' +
        '20000400ffffffff',
      'hex',
    )
    if (process.platform !== 'linux') return
    system.setXattr(path, utf8('system.posix_acl_access'), acl)
    expect(latin(system.listXattrs(path))).toEqual(['system.posix_acl_access'])
    expect(Buffer.from(system.getXattr(path, utf8('system.posix_acl_access')))).toEqual(acl)
  })

  it('fail with the name of the error and of the call', () => {
    const { path } = scratchFile()
    const missing = utf8('/no-such-file')
    expect(() => system.getXattr(path, utf8('user.none'))).toThrow(SystemCallError)
    expect(codeOf(() => system.getXattr(path, utf8('user.none')))).toBe('ENODATA')
    expect(codeOf(() => system.listXattrs(missing))).toBe('ENOENT')
    expect(
      codeOf(() => {
        system.removeXattr(path, utf8('user.none'))
      }),
    ).toBe('ENODATA')
  })

  it('of file systems without them are none', () => {
    if (process.platform !== 'linux') return
    expect(system.listXattrs(utf8('/proc/self/stat'))).toEqual([])
  })

  it('of a path with a NUL are refused, not those of the path before it', () => {
    const { text } = scratchFile()
    expect(codeOf(() => system.listXattrs(utf8(`${text}\0x`)))).toBe('EINVAL')
  })

  it('work on long paths', () => {
    let directory = scratchDirectory()
    while (directory.length < 3800) {
      directory = join(directory, 'd'.repeat(200))
      mkdirSync(directory)
    }
    system.setXattr(utf8(directory), utf8('user.deep'), utf8('v'))
    expect(latin(system.listXattrs(utf8(directory)))).toEqual(['user.deep'])
    expect(codeOf(() => system.listXattrs(utf8(`/${'a/'.repeat(5000)}`)))).toBe('ENAMETOOLONG')
  })
})

describe.runIf(isPosix)('times', () => {
  it.each([
    1_700_000_000_123_456_789n,
    0n,
    -1n,
    -1_234_567_890_123_456_789n,
    4_102_444_800_999_999_999n,
  ])('%i ns is set exactly', (timeNs) => {
    const { text, path } = scratchFile()
    system.setTimes(path, timeNs + 7n, timeNs)
    const facts = lstatSync(text, { bigint: true })
    expect(facts.mtimeNs).toBe(timeNs)
    expect(facts.atimeNs).toBe(timeNs + 7n)
  })

  it('of a link are set on the link', () => {
    const { text } = scratchFile()
    utimesSync(text, 1, 1)
    symlinkSync(text, `${text}-link`)
    system.setTimes(utf8(`${text}-link`), 5n, 6_000_000_007n)
    expect(lstatSync(`${text}-link`, { bigint: true }).mtimeNs).toBe(6_000_000_007n)
    expect(lstatSync(text).mtimeMs).toBe(1000)
  })

  it('of a file that is not there: ENOENT', () => {
    expect(
      codeOf(() => {
        system.setTimes(utf8('/no-such-file'), 0n, 0n)
      }),
    ).toBe('ENOENT')
  })
})

describe.runIf(isPosix)('nodes', () => {
  it('a FIFO is made', () => {
    const text = join(scratchDirectory(), 'fifo')
    system.makeNode(utf8(text), 0o600, { kind: 'fifo' })
    const facts = lstatSync(text)
    expect(facts.isFIFO()).toBe(true)
    expect(facts.mode & 0o777).toBe(0o600)
    expect(
      codeOf(() => {
        system.makeNode(utf8(text), 0o600, { kind: 'fifo' })
      }),
    ).toBe('EEXIST')
  })

  it.runIf(process.platform === 'linux')('a socket is made', () => {
    const text = join(scratchDirectory(), 'socket')
    system.makeNode(utf8(text), 0o600, { kind: 'socket' })
    expect(lstatSync(text).isSocket()).toBe(true)
  })

  it.runIf(isRoot && process.platform === 'linux')(
    'devices have the numbers that stat(1) shows',
    () => {
      const directory = scratchDirectory()
      const make = (kind: 'block' | 'char', major: number, minor: number) => {
        const text = join(directory, `${kind}-${major}-${minor}`)
        system.makeNode(utf8(text), 0o640, { kind, device: { major, minor } })
        return execFileSync('stat', ['-c', '%F %Hr %Lr', text], { encoding: 'utf8' }).trim()
      }
      expect(make('char', 1, 3)).toBe('character special file 1 3')
      expect(make('block', 259, 70_000)).toBe('block special file 259 70000')
      expect(make('char', 4095, 0xfffff)).toBe('character special file 4095 1048575')
      expect(codeOf(() => make('char', 4096, 0))).toBe('EINVAL')
    },
  )
})

const variants = [
  ['the system', system],
  ['Node alone', portableSystemCalls],
] as const

describe.each(variants)('renameNoReplace by %s', (_, calls) => {
  const rename = (from: string, to: string) => {
    calls.renameNoReplace(utf8(from), utf8(to))
  }

  it('moves a file to a free name', () => {
    const { text } = scratchFile()
    rename(text, `${text}-new`)
    expect(readFileSync(`${text}-new`, 'utf8')).toBe('content')
    expect(lstatSync(text, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('moves a directory with what is in it', () => {
    const directory = scratchDirectory()
    mkdirSync(join(directory, 'a'))
    writeFileSync(join(directory, 'a', 'f'), 'inside')
    rename(join(directory, 'a'), join(directory, 'b'))
    expect(readFileSync(join(directory, 'b', 'f'), 'utf8')).toBe('inside')
  })

  it('leaves both where the name is taken', () => {
    const { text } = scratchFile()
    writeFileSync(`${text}-taken`, 'kept')
    expect(
      codeOf(() => {
        rename(text, `${text}-taken`)
      }),
    ).toBe('EEXIST')
    expect(readFileSync(`${text}-taken`, 'utf8')).toBe('kept')
    expect(readFileSync(text, 'utf8')).toBe('content')
  })

  it('leaves both where an empty directory has the name', () => {
    const directory = scratchDirectory()
    mkdirSync(join(directory, 'a'))
    mkdirSync(join(directory, 'b'))
    expect(
      codeOf(() => {
        rename(join(directory, 'a'), join(directory, 'b'))
      }),
    ).toBe('EEXIST')
    expect(lstatSync(join(directory, 'a')).isDirectory()).toBe(true)
  })

  it('fails with ENOENT where there is nothing to move', () => {
    const directory = scratchDirectory()
    expect(
      codeOf(() => {
        rename(join(directory, 'none'), join(directory, 'to'))
      }),
    ).toBe('ENOENT')
  })
})

describe('Node alone', () => {
  it('says that it keeps no attributes, and refuses what it can not do', () => {
    expect(portableSystemCalls.hasXattrs).toBe(false)
    expect(
      codeOf(() => {
        portableSystemCalls.makeNode(utf8('/tmp/x'), 0o600, { kind: 'fifo' })
      }),
    ).toBe('ENOTSUP')
    expect(codeOf(() => portableSystemCalls.openLocked('/tmp/x'))).toBe('ENOTSUP')
  })

  it('sets times to the microsecond', () => {
    const { text, path } = scratchFile()
    portableSystemCalls.setTimes(path, 0n, 1_700_000_000_123_456_000n)
    const off = lstatSync(text, { bigint: true }).mtimeNs - 1_700_000_000_123_456_000n
    expect(off > -1000n && off < 1000n).toBe(true)
  })
})

describe.runIf(process.platform === 'linux')('inode numbers', () => {
  it('last on tmpfs', () => {
    expect(system.inodesLast(utf8('/dev/shm'))).toBe(true)
  })
})

describe.runIf(process.platform === 'linux')('a directory', () => {
  const open = (path: Buffer): OpenDirectory =>
    system.openDirectory?.(path) ?? expect.fail('there is no such call')

  function namesIn({ names, starts }: OpenDirectory): Buffer[] {
    return [...starts].map((start) => Buffer.from(names.subarray(start, names.indexOf(0, start))))
  }

  it('is listed by the bytes of its names, however many, and two at a time', () => {
    const large = scratchDirectory()
    const wanted = Array.from({ length: 400 }, (_, at) => Buffer.from(`${'n'.repeat(200)}${at}`))
    wanted.push(Buffer.from([0xff, 0xfe]), Buffer.from('.a'), Buffer.from('..a'), Buffer.from('n'))
    for (const name of wanted) writeFileSync(Buffer.concat([Buffer.from(`${large}/`), name]), '')
    const opened = open(Buffer.from(large))
    const other = open(Buffer.from(scratchDirectory()))
    expect(namesIn(opened)).toEqual(wanted.sort(compareBytes))
    expect(namesIn(other)).toEqual([])
    opened.close()
    other.close()
  })

  it('tells of each name what lstat tells', () => {
    const directory = scratchDirectory()
    const at = (name: string) => join(directory, name)
    writeFileSync(at('file'), 'content')
    linkSync(at('file'), at('hard'))
    truncateSync(at('file'), 5_000_000_000)
    symlinkSync('nowhere', at('link'))
    mkdirSync(at('sub'))
    execFileSync('mkfifo', [at('fifo')])
    utimesSync(at('sub'), 1, 3_999_999_999)
    const opened = open(Buffer.from(directory))
    for (const [index, name] of namesIn(opened).entries()) {
      const told = opened.lookAt(index)
      const stats = lstatSync(at(name.toString()), { bigint: true })
      expect([told.mode, told.links, told.sizeBytes]).toEqual(
        [stats.mode, stats.nlink, stats.size].map(Number),
      )
      const ns = (seconds: number, rest: number) => BigInt(seconds) * 1_000_000_000n + BigInt(rest)
      expect(ns(told.mtimeSeconds, told.mtimeNanoseconds)).toBe(stats.mtimeNs)
      expect(ns(told.ctimeSeconds, told.ctimeNanoseconds)).toBe(stats.ctimeNs)
      expect((BigInt(told.inodeHigh) << 32n) | BigInt(told.inodeLow)).toBe(stats.ino)
      const { major, minor } = decodeDevice(stats.dev)
      expect([told.deviceMajor, told.deviceMinor]).toEqual([major, minor])
    }
    rmSync(at('file'))
    expect(codeOf(() => opened.lookAt(1))).toBe('ENOENT')
    opened.close()
  })

  it('is no link and no file', () => {
    const { text } = scratchFile()
    symlinkSync('.', `${text}-link`)
    expect(codeOf(() => open(Buffer.from(`${text}-link`)))).toMatch(/^(ELOOP|ENOTDIR)$/)
    expect(codeOf(() => open(Buffer.from(text)))).toBe('ENOTDIR')
  })
})
