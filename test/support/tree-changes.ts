/** Random changes of a directory tree, as values: what can not be done, as things are, is not. */

import fc from 'fast-check'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { systemCalls } from '../../src/agent/system/open.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { pseudoRandomBytes } from './pseudo-random.ts'

const kinds = [
  ...[
    'write',
    'write',
    'write',
    'write',
    'write',
    'write',
    'append',
    'overwrite',
    'overwrite unseen',
    'truncate',
    'sparse',
  ],
  ...['directory', 'directory', 'rename', 'rename', 'rename', 'remove', 'link', 'link', 'symlink'],
  ...['fifo', 'socket', 'device', 'mode', 'owner', 'times', 'attribute', 'attribute', 'bare'],
] as const

/** One character a byte. */
const directories = ['', 'a', 'a/b', 'a/b/\xff\xfe', 'c', 'c/ \n']
const names = ['a', 'b', 'A', 'caf\xc3\xa9', 'cafe\xcc\x81', '\xff\xfe', ' \n']

const path = fc
  .tuple(fc.constantFrom(...directories), fc.constantFrom(...names))
  .map(([at, name]) => (at === '' ? name : `${at}/${name}`))

export interface TreeChange {
  readonly kind: (typeof kinds)[number]
  readonly path: string
  /** Another one: the new name, the other name of a link, what a symbolic link says. */
  readonly to: string
  /** Of one chunk mostly, of several now and then. */
  readonly sizeBytes: number
  readonly number: number
}

export const treeChange: fc.Arbitrary<TreeChange> = fc.record({
  kind: fc.constantFrom(...kinds),
  path,
  to: path,
  sizeBytes: fc.oneof(
    { weight: 60, arbitrary: fc.nat(5_000) },
    { weight: 5, arbitrary: fc.nat(200_000) },
    { weight: 1, arbitrary: fc.integer({ min: 600_000, max: 2_500_000 }) },
  ),
  number: fc.nat(0xffff_ffff),
})

const bytesAt = (folder: string, below: string): Buffer =>
  Buffer.concat([utf8(`${folder}/`), Buffer.from(below, 'latin1')])

export function makeDirectories(folder: string): void {
  for (const below of directories) mkdirSync(bytesAt(folder, below), { recursive: true })
}

export function applyChange(folder: string, change: TreeChange): void {
  const [path, other] = [bytesAt(folder, change.path), bytesAt(folder, change.to)]
  try {
    if (opening.has(change.kind) && !isFileOrNothing(path)) return
    works[change.kind](path, { ...change, other })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** Whoever opens a FIFO waits, and who writes to a device does not write to the tree. */
const opening: ReadonlySet<string> = new Set<TreeChange['kind']>([
  ...(['write', 'append', 'overwrite', 'overwrite unseen', 'truncate', 'sparse'] as const),
])
const isFileOrNothing = (path: Buffer): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? true

interface Rest extends TreeChange {
  readonly other: Buffer
}

/** The major number of devices that nothing answers for. */
const demonstration = 42

const system = systemCalls()
const bytesOf = ({ number, sizeBytes }: Rest) => pseudoRandomBytes(`${number}`, sizeBytes)

const works: Readonly<Record<TreeChange['kind'], (at: Buffer, rest: Rest) => void>> = {
  write: (at, rest) => {
    writeFileSync(at, bytesOf(rest))
  },
  append: (at, rest) => {
    writeFileSync(at, bytesOf(rest), { flag: 'r+' })
  },
  overwrite: writeInside,
  'overwrite unseen': (at, rest) => {
    const { mtimeNs } = lstatSync(at, { bigint: true })
    writeInside(at, rest)
    system.setTimes(at, 0n, mtimeNs)
  },
  truncate: (at, { sizeBytes }) => {
    truncateSync(at, sizeBytes)
  },
  sparse: (at, rest) => {
    const file = openSync(at, 'wx')
    ftruncateSync(file, 3 * rest.sizeBytes + 1)
    writeSync(file, bytesOf(rest), 0, rest.sizeBytes, rest.sizeBytes)
    closeSync(file)
  },
  directory: (at, { other }) => {
    mkdirSync(at)
    renameSync(other, Buffer.concat([at, utf8('/moved in')]))
  },
  rename: (at, { other }) => {
    renameSync(at, other)
  },
  remove: (at) => {
    rmSync(at, { recursive: true })
  },
  link: (at, { other }) => {
    linkSync(at, other)
  },
  symlink: (at, { to }) => {
    symlinkSync(Buffer.from(to, 'latin1'), at)
  },
  fifo: (at) => {
    system.makeNode(at, 0o640, { kind: 'fifo' })
  },
  socket: (at) => {
    system.makeNode(at, 0o600, { kind: 'socket' })
  },
  device: (at, { number }) => {
    const device = { major: demonstration, minor: number % 70_000 }
    system.makeNode(at, 0o666, { kind: number % 2 === 0 ? 'char' : 'block', device })
  },
  mode: (at, { number }) => {
    if (!lstatSync(at).isSymbolicLink()) chmodSync(at, number & 0o7777)
  },
  owner: (at, { number }) => {
    lchownSync(at, number % 7, number % 5)
  },
  times: (at, { number }) => {
    system.setTimes(at, 0n, BigInt(number - 0x4000_0000) * 1_000_000_007n)
  },
  attribute: (at, rest) => {
    const { name, value } = attributes[rest.number % attributes.length] ?? { name: 'user.a' }
    system.setXattr(at, utf8(name), value ?? bytesOf(rest).subarray(0, 2_500))
  },
  bare: (at) => {
    for (const name of system.listXattrs(at)) system.removeXattr(at, name)
  },
}

/** Some bytes of it are others now; it is as long as before. */
function writeInside(at: Buffer, { number }: Rest): void {
  const { size } = lstatSync(at)
  const file = openSync(at, 'r+')
  try {
    if (size > 0) writeSync(file, pseudoRandomBytes(`${number}`, 1), 0, 1, number % size)
  } finally {
    closeSync(file)
  }
}

const aclOf = (permissions: number): Uint8Array =>
  Buffer.from(
    ['02000000', '01000600ffffffff', `02000${permissions}0092100000`, '04000400ffffffff']
      .concat(['10000600ffffffff', '20000400ffffffff'])
      .join(''),
    'hex',
  )

const attributes: readonly { readonly name: string; readonly value?: Uint8Array }[] = [
  { name: 'user.a' },
  { name: 'user.b' },
  { name: 'trusted.c' },
  { name: 'user.empty', value: new Uint8Array(0) },
  { name: 'system.posix_acl_access', value: aclOf(6) },
  { name: 'system.posix_acl_access', value: aclOf(4) },
  { name: 'system.posix_acl_default', value: aclOf(7) },
]
