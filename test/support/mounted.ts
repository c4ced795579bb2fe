/** File systems for one test, unmounted after it. Needs root, and loop devices for those that lie on a disk. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'

const makers: Readonly<Record<string, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-I', '512', '-b', '4096'],
  xfs: ['mkfs.xfs', '-q'],
  btrfs: ['mkfs.btrfs', '-q'],
}

/** An empty file system of the kind, mounted on a new directory until the test ends. */
export function mounted(kind: string, directory: string, options = 'rw'): string {
  mkdirSync(directory)
  const [program, ...words] = makers[kind] ?? []
  if (program === undefined) execFileSync('mount', ['-t', kind, '-o', options, kind, directory])
  else {
    const image = `${directory}.image`
    writeFileSync(image, '')
    truncateSync(image, 400 * 1024 * 1024)
    execFileSync(program, [...words, image])
    execFileSync('mount', ['-o', `loop,${options}`, image, directory])
  }
  onTestFinished(() => void execFileSync('umount', [directory]))
  return directory
}
