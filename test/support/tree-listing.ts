/** What lies below a folder, as plain values that tests compare and fixtures keep; byte strings are hexadecimal. */

import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { compareBytes, toHex } from '../../src/base/bytes.ts'
import { lstatExact, type FileFacts, type FileKind } from '../../src/agent/source/facts.ts'
import { readXattrs } from '../../src/agent/source/read-xattrs.ts'

export interface ListedEntry {
  /** Below the folder, without a slash in front; empty for the folder itself. */
  readonly path: string
  readonly type: string
  /** Four octal digits. */
  readonly mode: string
  readonly mtimeNs: string
  readonly size?: number
  readonly sha256?: string
  /** Of a symbolic link. */
  readonly target?: string
  /** Extended attributes of the user's namespace: name → value. */
  readonly attributes?: Readonly<Record<string, string>>
  /** The path above it in the list that is the same file. */
  readonly sameFileAs?: string
}

/** The folder, then all below it: a directory before what is in it, names ascending. */
export function listTree(folder: string): ListedEntry[] {
  const firstNames = new Map<bigint, string>()
  const list = (path: Buffer): ListedEntry[] => {
    const full = path.length === 0 ? Buffer.from(folder) : join(Buffer.from(folder), path)
    const facts = lstatExact(full)
    const entry = { path: toHex(path), ...describe(full, facts), ...linkTo(path, facts) }
    if (facts.kind !== 'directory') return [entry]
    const names = readdirSync(full, { encoding: 'buffer' }).sort(compareBytes)
    return [entry, ...names.flatMap((name) => list(join(path, name)))]
  }
  const linkTo = (path: Buffer, { kind, links, inode }: FileFacts) => {
    if (kind === 'directory' || links < 2) return {}
    const first = firstNames.get(inode)
    if (first !== undefined) return { sameFileAs: first }
    firstNames.set(inode, toHex(path))
    return {}
  }
  return list(Buffer.alloc(0))
}

const join = (path: Buffer, name: Buffer): Buffer =>
  path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name])

const typeNames: Readonly<Partial<Record<FileKind, string>>> = {
  symlink: 'link',
  block: 'block-device',
  char: 'character-device',
}

function describe(path: Buffer, { kind, mode = 0, mtimeNs }: FileFacts): Omit<ListedEntry, 'path'> {
  return {
    type: typeNames[kind] ?? kind,
    mode: mode.toString(8).padStart(4, '0'),
    mtimeNs: String(mtimeNs),
    ...(kind === 'file' && contentOf(readFileSync(path))),
    ...(kind === 'symlink' && { target: toHex(readlinkSync(path, { encoding: 'buffer' })) }),
    ...attributesOf(path),
  }
}

const contentOf = (content: Buffer) => ({
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
})

function attributesOf(path: Buffer): Pick<ListedEntry, 'attributes'> {
  const { xattrs } = readXattrs(path)
  const own = xattrs.filter(({ name }) => Buffer.from(name).toString().startsWith('user.'))
  if (own.length === 0) return {}
  return { attributes: Object.fromEntries(own.map((x) => [toHex(x.name), toHex(x.value)])) }
}
