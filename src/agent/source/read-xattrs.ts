/** Reads the extended attributes of a file or link, POSIX ACLs among them. */

import { compareBytes, emptyBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { systemCalls } from '../system/open.ts'
import type { SystemCalls } from '../system/system-calls.ts'

export interface XattrListing {
  /** Ascending by name bytes. */
  readonly xattrs: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[]
  /** Attributes that could not be read; the name is empty where they could not even be listed. */
  readonly failures: readonly { readonly name: Uint8Array; readonly error: unknown }[]
}

const nothing: XattrListing = { xattrs: [], failures: [] }

/** Never throws a system's error: a file without its attributes is still worth having. */
export function readXattrs(path: Uint8Array, system: SystemCalls = systemCalls()): XattrListing {
  let names: readonly Uint8Array[]
  try {
    names = system.listXattrs(path)
  } catch (error) {
    return { xattrs: [], failures: [{ name: emptyBytes, error }] }
  }
  return names.length === 0 ? nothing : readValues(path, names, system)
}

function readValues(
  path: Uint8Array,
  names: readonly Uint8Array[],
  system: SystemCalls,
): XattrListing {
  const xattrs: { name: Uint8Array; value: Uint8Array }[] = []
  const failures: { name: Uint8Array; error: unknown }[] = []
  for (const name of [...names].sort(compareBytes)) {
    try {
      xattrs.push({ name, value: system.getXattr(path, name) })
    } catch (error) {
      // Removed since it was listed: then the file has no such attribute.
      if (systemCodeOf(error) !== 'ENODATA') failures.push({ name, error })
    }
  }
  return { xattrs, failures }
}
