/** Another name for a stored file, and for its copy. */

import { dirname } from 'node:path'
import { systemCodeOf } from '../../base/errors.ts'
import { syncIfThere } from './file-calls.ts'
import { checkFile } from './file-check.ts'
import { pathsOf, type Tree } from './file-place.ts'
import { statFile } from './file-tree.ts'

export async function moveInTree(tree: Tree, key: string, newKey: string): Promise<boolean> {
  const [from, to] = [pathsOf(tree, key), pathsOf(tree, newKey)]
  let isMoved = false
  for (const [at, path] of from.entries()) {
    const newPath = to[at]
    if (newPath === undefined || (await statFile([path], '')) === undefined) continue
    if (await moveFile(tree, { path, newPath, newKey })) isMoved = true
  }
  return isMoved
}

interface FileMove {
  readonly path: string
  readonly newPath: string
  readonly newKey: string
}

/**
 * One rename: were it a link and a removal, a move back between the two would rely on the very name that then goes.
 * For the same reason nothing is removed where both names are borne.
 */
async function moveFile({ calls, folders }: Tree, move: FileMove): Promise<boolean> {
  const { path, newPath, newKey } = move
  await folders.ensure(dirname(newPath))
  if ((await checkFile(newPath, newKey))?.sound === true) return false
  try {
    await calls.rename(path, newPath)
  } catch (error) {
    // Somebody else has moved or removed it meanwhile.
    if (systemCodeOf(error) === 'ENOENT') return false
    throw error
  }
  await syncIfThere(calls, dirname(newPath))
  await syncIfThere(calls, dirname(path))
  return true
}
