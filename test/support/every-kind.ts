/** A tree with every kind of file, name and attribute that a point keeps. Made by root, with setfacl and setcap. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { systemCalls } from '../../src/agent/system/open.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { pseudoRandomBytes } from './pseudo-random.ts'

const mebibyte = 1024 * 1024
const system = systemCalls()

type At = (...names: string[]) => string

/** `largestAttribute`: the bytes of its largest attribute; file systems differ in what they hold. */
export function makeEveryKind(root: string, { largestAttribute = 60_000 } = {}): void {
  const at: At = (...names) => join(root, ...names)
  makeNames(root)
  makeLinks(at)
  makeSpecials(at)
  makeOwners(at)
  makeAttributes(at, largestAttribute)
  makeSparse(at)
  for (const [name, ns] of times) system.setTimes(utf8(at(name)), 1n, ns)
  chmodSync(root, 0o751)
  system.setTimes(utf8(root), 0n, 1_600_000_000_123_456_789n)
}

const times = [
  ['empty', -2_000_000_000n],
  ['link', 1_111_111_111_222_222_222n],
  ['pipe', 1_234_567_890_000_000_001n],
  ['many/3', 4_000_000_000_123_456_789n],
  ['many', 999_999_999_000_000_001n],
  ['mine', 1n],
] as const

function makeNames(root: string): void {
  const at = (name: string) => Buffer.concat([utf8(`${root}/`), Buffer.from(name, 'latin1')])
  for (let file = 0; file < 50; file++) {
    mkdirSync(at(`many/${file % 7}`), { recursive: true })
    writeFileSync(at(`many/${file % 7}/${file}`), pseudoRandomBytes(`${file}`, file * 3000))
  }
  writeFileSync(at('empty'), '')
  writeFileSync(at('several chunks'), pseudoRandomBytes('several chunks', 6 * mebibyte))
  mkdirSync(at('names'))
  for (const name of oddNames) writeFileSync(at(`names/${name}`), name)
  let deep = 'deep'
  for (let level = 0; level < 10; level++) deep += `/${'d'.repeat(240)}`
  mkdirSync(at(deep), { recursive: true })
  writeFileSync(at(`${deep}/bottom`), 'the bottom')
}

/** One character a byte. */
const oddNames = [
  'not \xff\xfe utf-8\n',
  'caf\xc3\xa9',
  'cafe\xcc\x81',
  'CAPITALS',
  'capitals',
  '--help',
  ' ',
  '...',
  '\\#012 back\\slash',
  '*?[a]',
  'con.txt ',
  '\x01\x7f\t"\'',
  'f'.repeat(255),
]

function makeLinks(at: At): void {
  writeFileSync(at('file'), 'content\n')
  linkSync(at('file'), at('many/second name'))
  linkSync(at('file'), at('third name'))
  symlinkSync('file', at('link'))
  linkSync(at('link'), at('many/second name of a link'))
  symlinkSync(Buffer.from('no\xffwhere', 'latin1'), at('dangling'))
  symlinkSync(`/${'far/'.repeat(200)}`, at('far link'))
  lchownSync(at('dangling'), 77, 78)
  lutimesSync(at('dangling'), 1_000_000_000, 1_234_567_890.5)
}

function makeSpecials(at: At): void {
  const make = (name: string, mode: number, node: Parameters<typeof system.makeNode>[2]) => {
    system.makeNode(utf8(at(name)), mode, node)
  }
  make('pipe', 0o640, { kind: 'fifo' })
  linkSync(at('pipe'), at('many/second name of a pipe'))
  make('socket', 0o600, { kind: 'socket' })
  make('null', 0o666, { kind: 'char', device: { major: 1, minor: 3 } })
  make('disk', 0o660, { kind: 'block', device: { major: 259, minor: 70_000 } })
}

const nobody = 65_534

function makeOwners(at: At): void {
  for (const name of ['setuid', 'setgid', 'both']) writeFileSync(at(name), '#!/bin/sh\n')
  chownSync(at('setgid'), 1234, 3_000_000_000)
  chmodSync(at('setuid'), 0o4755)
  chmodSync(at('setgid'), 0o2751)
  chmodSync(at('both'), 0o6711)
  writeFileSync(at('closed'), 'to all')
  chmodSync(at('closed'), 0)
  mkdirSync(at('private/sub'), { recursive: true })
  writeFileSync(at('private/sub/file'), 'in a directory that nobody may write to')
  chmodSync(at('private/sub'), 0o3770)
  chmodSync(at('private'), 0o500)
  mkdirSync(at('sticky'))
  chmodSync(at('sticky'), 0o1777)
  mkdirSync(at('mine'))
  writeFileSync(at('mine/file'), 'of an ordinary user')
  writeFileSync(at('mine/half'), 'the group is not his')
  for (const name of ['mine', 'mine/file']) chownSync(at(name), nobody, nobody)
  chownSync(at('mine/half'), nobody, 50)
}

function makeAttributes(at: At, largestAttribute: number): void {
  const set = (name: string, attribute: string, value: Uint8Array) => {
    system.setXattr(utf8(at(name)), utf8(attribute), value)
  }
  set('file', 'user.colour', utf8('blue'))
  set('file', 'user.empty', new Uint8Array(0))
  set('file', 'trusted.binary', Uint8Array.of(0, 1, 0x3d, 255))
  set('mine/file', 'user.100% \u00fc=\n', Uint8Array.of(0, 10, 255))
  set('mine', 'user.directory', utf8('d'))
  set('closed', 'user.closed', utf8('to all'))
  set('link', 'trusted.link', utf8('of the link itself'))
  writeFileSync(at('large attribute'), '')
  set('large attribute', 'user.large', pseudoRandomBytes('attribute', largestAttribute))
  execFileSync('setfacl', ['-m', 'u:4242:rw,g:2424:r', at('file')])
  execFileSync('setfacl', ['-m', 'u:4242:rw', at('mine/file')])
  execFileSync('setfacl', ['-d', '-m', 'u:4242:rwx,g::---', at('many')])
  execFileSync('setcap', ['cap_net_raw+ep', at('empty')])
}

function makeSparse(at: At): void {
  const open = (name: string, sizeBytes: number, write: (file: number) => void) => {
    const file = openSync(at(name), 'wx')
    ftruncateSync(file, sizeBytes)
    write(file)
    closeSync(file)
  }
  open('sparse', 96 * mebibyte, (file) => {
    writeSync(file, pseudoRandomBytes('sparse', mebibyte), 0, mebibyte, 48 * mebibyte)
  })
  open('all hole', 5 * mebibyte, () => undefined)
  open('hole at the end', 9 * mebibyte + 1, (file) => writeSync(file, 'begin'))
}
