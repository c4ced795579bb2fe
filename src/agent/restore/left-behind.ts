/** Removes from a directory of the target what a restore left there that was killed. */

import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { bufferOf } from '../../base/bytes.ts'
import { errorCodeOf, systemCodeOf } from '../../base/errors.ts'
import { isDeadTemporary, type ProcessPlace } from './temporary-names.ts'
import type { Place, Target } from './target/target.ts'

/** What can not be removed stays: it is in nobody's way. */
export async function removeLeftBehind(
  target: Target,
  place: Place,
  here: ProcessPlace,
): Promise<void> {
  try {
    await target.withDirectory(place, (directory) => {
      for (const name of readdirSync(directory.self, { encoding: 'buffer' })) {
        if (!beginsAsTemporary(name)) continue
        const at = directory.at(name)
        if (isDeadTemporary(name, lstatSync(at, { bigint: true }), here)) unlinkSync(at)
      }
      return Promise.resolve()
    })
  } catch (error) {
    if (systemCodeOf(error) === undefined && errorCodeOf(error) === undefined) throw error
  }
}

const beginsAsTemporary = (name: Uint8Array): boolean =>
  bufferOf(name).toString('latin1', 0, 9) === '.restore-'
