/** Names that are given to something else while a file is looked at, and paths longer than a system call takes. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { joinPath } from '../../../../src/model/path.ts'
import { lstatExact } from '../../../../src/agent/source/facts.ts'
import { openForReading } from '../../../../src/agent/source/open-file.ts'
import { reaching } from '../../../../src/agent/source/reach.ts'
import { readDirectory } from '../../../../src/agent/source/read-directory.ts'
import { readLink } from '../../../../src/agent/source/read-link.ts'
import { readXattrsAt, type XattrListing } from '../../../../src/agent/source/read-xattrs.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const namesOf = ({ xattrs }: XattrListing) => xattrs.map(({ name }) => Buffer.from(name).toString())

describe.runIf(process.platform === 'linux')('a name that was given to something else', () => {
  const system = systemCalls()

  it('leads to no attributes of the other: a directory, and a directory for which a link came', () => {
    const folder = scratchDirectory()
    const [own, other] = [join(folder, 'own'), join(folder, 'other')]
    mkdirSync(own)
    mkdirSync(other)
    system.setXattr(utf8(own), utf8('user.own'), utf8('1'))
    system.setXattr(utf8(other), utf8('user.other'), utf8('1'))
    const facts = lstatExact(utf8(own))
    expect(readXattrsAt(utf8(own), facts)).toMatchObject({ failures: [] })
    expect(namesOf(readXattrsAt(utf8(own), facts))).toEqual(['user.own'])
    renameSync(own, join(folder, 'moved'))
    symlinkSync(other, own)
    expect(readXattrsAt(utf8(own), facts)).toMatchObject({ xattrs: [], failures: [{}] })
    renameSync(own, join(folder, 'link'))
    renameSync(other, own)
    expect(readXattrsAt(utf8(own), facts)).toMatchObject({
      xattrs: [],
      failures: [{ error: { message: expect.stringContaining('something else') as string } }],
    })
  })

  it('while it is open, is of no matter to its attributes', () => {
    const folder = scratchDirectory()
    const [own, other] = [join(folder, 'own'), join(folder, 'other')]
    writeFileSync(own, 'own')
    writeFileSync(other, 'other')
    system.setXattr(utf8(own), utf8('user.own'), utf8('1'))
    system.setXattr(utf8(other), utf8('user.other'), utf8('1'))
    const file = openForReading(utf8(own))
    onTestFinished(() => file.close())
    renameSync(other, own)
    expect(namesOf(file.xattrs())).toEqual(['user.own'])
  })
})

describe.runIf(process.platform === 'linux')('a path longer than a system call takes', () => {
  it('leads to what lies there', () => {
    let path: Buffer = Buffer.from(scratchDirectory())
    const top = `${path.toString()}/0-${'x'.repeat(240)}`
    onTestFinished(() => void execFileSync('rm', ['-r', top]))
    for (let level = 0; level < 50; level++) {
      path = joinPath(path, utf8(`${level}-${'x'.repeat(240)}`))
      reaching(path, (reachable) => {
        mkdirSync(reachable)
      })
    }
    expect(path.length).toBeGreaterThan(12_000)
    const [file, link] = [joinPath(path, utf8('file')), joinPath(path, utf8('link'))]
    reaching(file, (reachable) => {
      writeFileSync(reachable, 'deep')
      systemCalls().setXattr(reachable, utf8('user.deep'), utf8('1'))
    })
    reaching(link, (reachable) => {
      symlinkSync('file', reachable)
    })
    const [listing] = readDirectory(path)
    expect(listing?.entries.map(({ name, facts }) => [name.toString(), facts.kind])).toEqual([
      ['file', 'file'],
      ['link', 'symlink'],
    ])
    expect(readLink(link).target.toString()).toBe('file')
    expect(namesOf(readXattrsAt(file, lstatExact(file)))).toEqual(['user.deep'])
    const opened = openForReading(file)
    onTestFinished(() => opened.close())
    expect(opened.read(new Uint8Array(10))).toBe(4)
  })
})
