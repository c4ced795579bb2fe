/** The place of a name in a directory. */

import { bufferOf } from '../../base/bytes.ts'
import { joinPath } from '../../model/path.ts'
import type { FileFacts } from '../source/facts.ts'
import type { Place } from './walk-context.ts'

/** `facts`: of the directory. */
export function childPlace(place: Place, facts: FileFacts | undefined, name: Uint8Array): Place {
  const text = bufferOf(name).toString('utf8')
  return {
    path: joinPath(place.path, name),
    text: place.text === '' ? text : `${place.text}/${text}`,
    name,
    parentDevice: facts?.deviceId,
    ignores: place.ignores,
  }
}
