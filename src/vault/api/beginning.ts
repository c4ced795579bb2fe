/** Uploads that do not begin as their kind does are refused before the rest of them is read. */

import { concatBytes, emptyBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { ObjectKind } from '../../model/ids.ts'
import { beginsAsPack } from '../../model/pack.ts'
import { beginsAsSealed } from '../../model/sealed-object.ts'

/** All that is looked at. */
const beginningBytes = 12

/** Passes a body on once its first bytes were found right. @throws BackupError `malformed` */
export async function* checkedBody(
  body: AsyncIterable<Uint8Array>,
  isRight: (beginning: Uint8Array) => boolean,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined = emptyBytes
  for await (const part of body) {
    if (held === undefined) {
      yield part
      continue
    }
    held = concatBytes(held, part)
    if (held.length < beginningBytes) continue
    if (!isRight(held)) throw wrongKind()
    yield held
    held = undefined
  }
  if (held !== undefined) throw wrongKind()
}

export function beginsAs(kind: ObjectKind): (beginning: Uint8Array) => boolean {
  switch (kind) {
    case 'data':
    case 'tree':
      return (beginning) => beginsAsPack(beginning, kind)
    case 'index':
    case 'manifest':
      return (beginning) => beginsAsSealed(beginning, kind)
    case 'refs':
      return () => true
  }
}

const wrongKind = (): BackupError =>
  new BackupError('malformed', 'The bytes do not begin as that kind of object does.')
