/** A target whose directories are looked at before each use: where the system has no way to hold on to them. */

import { lstat, realpath } from 'node:fs/promises'
import { concatBytes, utf8 } from '../../../base/bytes.ts'
import type { NameRules } from './names.ts'
import { checkedName, notADirectory } from './errors.ts'
import type { Place, Target } from './target.ts'

const slash = utf8('/')

export function openChecked(path: string, names: NameRules): Promise<Target> {
  const directoryPath = (root: Uint8Array, place: Place) =>
    Buffer.from(concatBytes(root, ...place.flatMap((name) => [slash, checkedName(name)])))
  return realpath(path).then((real) => ({
    ...{ path, names },
    withDirectory: async (place, use) => {
      const root = utf8(real)
      for (let depth = 1; depth <= place.length; depth++) {
        await checkDirectory(directoryPath(root, place.slice(0, depth)), place.slice(0, depth))
      }
      const self = directoryPath(root, place)
      return use({ self, at: (name) => Buffer.concat([self, slash, checkedName(name)]) })
    },
    close: () => Promise.resolve(),
  }))
}

async function checkDirectory(path: Buffer, place: Place): Promise<void> {
  let isDirectory: boolean
  try {
    isDirectory = (await lstat(path)).isDirectory()
  } catch (error) {
    throw notADirectory(place, error)
  }
  if (!isDirectory) throw notADirectory(place, undefined)
}
