/** What can be watched at all. */

import { readFileSync, realpathSync, statfsSync } from 'node:fs'
import { bufferOf, equalBytes, utf8 } from '../../base/bytes.ts'

/** Whether every change of a file there is made by this machine's kernel, which tells of it. Others are no reason for trust. */
export function isTelling(path: Uint8Array): boolean {
  return tellingTypes.has(statfsSync(bufferOf(path)).type & 0xffff_ffff)
}

const tellingTypes: ReadonlySet<number> = new Set(
  [
    0xef53, // ext2, ext3, ext4
    0x58465342, // xfs
    0x9123683e, // btrfs
    0xca451a4e, // bcachefs
    0x2fc12fc1, // zfs
    0xf2f52010, // f2fs
    0x3153464a, // jfs
    0x52654973, // reiserfs
    0x01021994, // tmpfs
    0x858458f6, // ramfs
    0x794c7630, // overlayfs
    0x4d44, // vfat
    0x2011bab0, // exfat
    0x7366746e, // ntfs3
    0x3434, // nilfs2
  ].map((type) => type & 0xffff_ffff),
)

/** Node names what it watches by text, and chokidar takes a backslash for a slash. */
export const hasWatchableName = (path: Uint8Array): boolean => {
  const text = bufferOf(path).toString('utf8')
  return !text.includes('\\') && equalBytes(utf8(text), path)
}

/** Through a link nobody tells when the link is changed. */
export const isReal = (path: Uint8Array): boolean =>
  equalBytes(realpathSync(bufferOf(path), { encoding: 'buffer' }), path)

/** What is mounted at, above or below the paths: mounting something is no change that a directory tells. */
export function mountsAround(paths: readonly Uint8Array[], list = '/proc/self/mountinfo'): string {
  const around = paths.map((path) => bufferOf(path).toString('latin1'))
  const lines = readFileSync(list, 'latin1').split('\n')
  return lines
    .filter((line) => {
      const [, , , , escaped] = line.split(' ')
      if (escaped === undefined) return false
      const point = unescaped(escaped)
      return around.some((path) => isWithin(point, path) || isWithin(path, point))
    })
    .join('\n')
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
