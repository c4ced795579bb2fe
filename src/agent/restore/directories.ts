/** Restores directories: made before what lies in them, their attributes set after it. */

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
} from 'node:fs'
import { systemCodeOf } from '../../base/errors.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { DirectoryItem, EndItem } from './plan.ts'

/** Makes the directory, for its owner alone until it is finished. True when it was not there before. */
export async function makeDirectory(
  { place }: DirectoryItem,
  context: RestoreContext,
): Promise<boolean> {
  const name = place.at(-1)
  const made =
    name !== undefined &&
    (await context.target.withDirectory(place.slice(0, -1), (parent) => {
      try {
        mkdirSync(parent.at(name), 0o700)
        return Promise.resolve(true)
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw error
        return Promise.resolve(false)
      }
    }))
  // Whatever has the name has to be a directory, not a link to one.
  if (!made) await context.target.withDirectory(place, () => Promise.resolve())
  return made
}

/** Sets the directory's own attributes: everything in it has been made. */
export async function finishDirectory(
  { path, place, entry }: EndItem,
  context: RestoreContext,
): Promise<void> {
  try {
    await context.target.withDirectory(place, (directory) =>
      withSelf(directory.self, (self) =>
        applyAttributes(
          {
            path,
            entry,
            at: directory.self,
            ...self,
          },
          context,
        ),
      ),
    )
  } catch (error) {
    context.report.failed(path, { kind: 'content' }, error)
  }
}

interface Self {
  readonly chown: (uid: number, gid: number) => void
  readonly chmod: (mode: number) => void
}

/** Through an open directory, where the system can open one. */
async function withSelf(path: Buffer, use: (self: Self) => Promise<void>): Promise<void> {
  if (process.platform === 'win32') {
    await use({
      chown: (uid, gid) => chownSync(path, uid, gid),
      chmod: (mode) => chmodSync(path, mode),
    })
    return
  }
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await use({
      chown: (uid, gid) => fchownSync(fd, uid, gid),
      chmod: (mode) => fchmodSync(fd, mode),
    })
  } finally {
    closeSync(fd)
  }
}
