/** Memory that is filled from its beginning and given up as a whole: the collector never sees what lies in it. */

export interface Arena {
  /** A copy that is of use until `clear`. */
  keep(bytes: Uint8Array): Uint8Array
  clear(): void
}

/** Of `capacityBytes`, begun with the first copy; the system gives pages as they are written to. */
export function createArena(capacityBytes: number): Arena {
  let memory: Uint8Array | undefined
  let usedBytes = 0
  return {
    keep: (bytes) => {
      memory ??= new Uint8Array(capacityBytes)
      if (usedBytes + bytes.length > memory.length) return bytes.slice()
      const copy = memory.subarray(usedBytes, usedBytes + bytes.length)
      copy.set(bytes)
      usedBytes += bytes.length
      return copy
    },
    clear: () => {
      usedBytes = 0
    },
  }
}
