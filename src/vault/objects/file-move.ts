/** Another name for a stored file, and for its copy: linked and durable before the first name goes. */

import { dirname } from 'node:path'
import { systemCodeOf } from '../../base/errors.ts'
import { checkFile } from './file-check.ts'
import { pathsOf, type Tree } from './file-place.ts'
import { statFile } from './file-tree.ts'

export async function moveInTree(tree: Tree, key: string, newKey: string): Promise<boolean> {
  const [from, to] = [pathsOf(tree, key), pathsOf(tree, newKey)]
  let isMoved = false
  for (const [at, path] of from.entries()) {
    const newPath = to[at]
    if (newPath === undefined || (await statFile([path], '')) === undefined) continue
    await moveFile(tree, { path, newPath, newKey })
    isMoved = true
  }
  return isMoved
}

interface FileMove {
  readonly path: string
  readonly newPath: string
  readonly newKey: string
}

async function moveFile({ calls, folders }: Tree, move: FileMove): Promise<void> {
  const { path, newPath, newKey } = move
  await folders.ensure(dirname(newPath))
  try {
    await calls.link(path, newPath)
  } catch (error) {
    const code = systemCodeOf(error)
    // Somebody else has moved or removed it meanwhile.
    if (code === 'ENOENT') return
    if (code !== 'EEXIST') throw error
    if ((await checkFile(newPath, newKey))?.sound !== true) await calls.rename(path, newPath)
  }
  await calls.syncDirectory(dirname(newPath))
  await calls.remove(path)
  await calls.syncDirectory(dirname(path))
}
