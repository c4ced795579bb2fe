/** What Windows says of a name in a directory: FindFirstFileW, by koffi. Not run yet. */

import { bufferOf } from '../../base/bytes.ts'
import type { WindowsFacts } from '../../policy/reparse-point.ts'
import { openCLibrary } from './c-library.ts'
import type { SystemCalls } from './system-calls.ts'

/** WIN32_FIND_DATAW. */
const findDataBytes = 592
const attributesAt = 0
const reparseTagAt = 36
const reparsePoint = 0x400

/** Its attributes, and `dwReserved0`, which is the tag of a reparse point and means nothing otherwise. */
export function readFindData(data: DataView): WindowsFacts {
  const attributes = data.getUint32(attributesAt, true)
  const isReparsePoint = (attributes & reparsePoint) !== 0
  return { attributes, reparseTag: isReparsePoint ? data.getUint32(reparseTagAt, true) : undefined }
}

/** The path as FindFirstFileW wants it; undefined for what it would take for a pattern, or for the root of a volume. */
export function findPath(path: Uint8Array): string | undefined {
  const text = bufferOf(path).toString('utf8').replaceAll('/', '\\')
  if (/[*?]/.test(text) || !/^[a-z]:\\[^\\]/i.test(text)) return undefined
  return `\\\\?\\${text}`
}

/** Undefined where kernel32 can not be reached. */
export function openWindowsFind(): SystemCalls['windowsFacts'] {
  const library = openCLibrary(['kernel32.dll'])
  if (library === undefined) return undefined
  const findFirst = library.declare(
    'intptr_t __stdcall FindFirstFileW(const void *name, void *data)',
  )
  const findClose = library.declare('int __stdcall FindClose(intptr_t handle)')
  const data = new Uint8Array(findDataBytes)
  return (path) => {
    const name = findPath(path)
    if (name === undefined) return undefined
    const handle = findFirst(Buffer.from(`${name}\0`, 'utf16le'), data)
    if (handle === -1) return undefined
    findClose(handle)
    return readFindData(new DataView(data.buffer))
  }
}
