/** Reading all copies of a stored file again, and making a damaged or missing one anew from a sound one. */

import { dirname } from 'node:path'
import { checkFile, type CheckedFile } from './file-check.ts'
import { copyFile, pathsOf, type Tree } from './file-place.ts'
import type { Soundness } from './object-store.ts'

export async function checkInTree(tree: Tree, key: string): Promise<Soundness | undefined> {
  const paths = pathsOf(tree, key)
  const copies = await Promise.all(
    paths.map(async (path) => ({ path, file: await checkFile(path, key) })),
  )
  if (copies.every(({ file }) => file === undefined)) return undefined
  const good = copies.find(isSound)
  if (good === undefined) return 'damaged'
  const bad = copies.filter((copy) => !isSound(copy))
  for (const { path } of bad) {
    await tree.folders.ensure(dirname(path))
    await copyFile(tree, { path: good.path, newPath: path, expected: good.file })
  }
  return bad.length === 0 ? 'sound' : 'healed'
}

interface Copy {
  readonly path: string
  readonly file: CheckedFile | undefined
}

const isSound = (copy: Copy): copy is Copy & { readonly file: CheckedFile } =>
  copy.file?.sound === true
