/** Restores directories: made before what lies in them, their attributes set after it. */

import { mkdirSync } from 'node:fs'
import { systemCodeOf } from '../../base/errors.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { DirectoryItem, EndItem } from './plan.ts'
import { alreadyThere } from './target/errors.ts'
import { withHeldDirectory } from './target/held.ts'

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
  // In a target that was empty it is another one of the point, which the file system takes for the same name.
  if (!made && name !== undefined && !context.mayMeet) throw alreadyThere(place, undefined)
  return made
}

/** Sets the directory's own attributes: everything in it has been made. */
export async function finishDirectory(
  { path, place, entry }: EndItem,
  context: RestoreContext,
): Promise<void> {
  try {
    await context.target.withDirectory(place, ({ self }) =>
      withHeldDirectory(self, context.system, (held) =>
        applyAttributes({ path, entry, held }, context),
      ),
    )
  } catch (error) {
    context.report.failed(path, { kind: 'content' }, error)
  }
}
