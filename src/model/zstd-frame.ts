/** The header of a zstd frame (RFC 8878 3.1.1.1), held to what writers of this format make (docs/format.md 4). */

import { BackupError } from '../base/errors.ts'
import { viewOf } from '../base/bytes.ts'

const magic = 0xfd2fb528
const maxWindowBytes = 8 * 1024 * 1024

/** @throws BackupError `malformed` unless the frame says `rawBytes`, no dictionary, no checksum, and a small window. */
export function checkZstdFrame(frame: Uint8Array, rawBytes: number): void {
  if (frame.length < 6) throw malformed('it is cut off')
  const view = viewOf(frame)
  if (view.getUint32(0, true) !== magic) throw malformed('it does not begin as one')
  const descriptor = view.getUint8(4)
  if ((descriptor & 0b11) !== 0) throw malformed('it uses a dictionary')
  if ((descriptor & 0b100) !== 0) throw malformed('it has a checksum')
  if ((descriptor & 0b1000) !== 0) throw malformed('a reserved bit is set')
  const isSingleSegment = (descriptor & 0b10_0000) !== 0
  if (!isSingleSegment && windowBytes(view.getUint8(5)) > maxWindowBytes) {
    throw malformed('its window is too large')
  }
  const size = contentSize(view, { flag: descriptor >> 6, isSingleSegment })
  if (size !== rawBytes) throw malformed('it states another size')
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 0b111)
}

/** Undefined where the frame does not state it. */
function contentSize(
  view: DataView,
  { flag, isSingleSegment }: { readonly flag: number; readonly isSingleSegment: boolean },
): number | undefined {
  const at = isSingleSegment ? 5 : 6
  const width = flag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** flag
  if (at + width > view.byteLength) throw malformed('it is cut off')
  switch (width) {
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at, true) + 256
    case 4:
      return view.getUint32(at, true)
    case 8:
      return Number(view.getBigUint64(at, true))
    default:
      return undefined
  }
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a zstd frame of this format: ${why}.`)
