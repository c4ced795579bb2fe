/** Restores directories: made before what lies in them, their attributes set after it. */

import { constants } from 'node:fs'
import { chmod, chown, mkdir, open } from 'node:fs/promises'
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
    (await context.target.withDirectory(place.slice(0, -1), async (parent) => {
      try {
        await mkdir(parent.at(name), 0o700)
        return true
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw error
        return false
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
            chown: (uid, gid) => self.chown(uid, gid),
            chmod: (mode) => self.chmod(mode),
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
  chown(uid: number, gid: number): Promise<void>
  chmod(mode: number): Promise<void>
}

/** Through an open directory, where the system can open one. */
async function withSelf(path: Buffer, use: (self: Self) => Promise<void>): Promise<void> {
  if (process.platform === 'win32') {
    await use({ chown: (uid, gid) => chown(path, uid, gid), chmod: (mode) => chmod(path, mode) })
    return
  }
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}
