/**
 * The memory of packs, used again: of what is let go of in one thread after it was made in another, the collector knows
 * too late, and the next packs would already have taken as much again.
 */

export interface PackMemory {
  /** Not cleared: whoever takes it fills it. */
  take(bytes: number): Uint8Array<ArrayBuffer>
}

/** Packs are of about one size: what serves for one serves for nearly all. */
const stepBytes = 1024 * 1024
/** At hand between two packs; more is let go of. */
const mostKept = 2

/** `returned`: the memory of one pack that is stored by now, undefined where there is none at the moment. */
export function createPackMemory(returned: () => ArrayBuffer | undefined): PackMemory {
  const kept: ArrayBuffer[] = []
  const gather = () => {
    for (let memory = returned(); memory !== undefined; memory = returned()) {
      if (kept.length < mostKept) kept.push(memory)
    }
  }
  return {
    take: (bytes) => {
      gather()
      const at = kept.findIndex(({ byteLength }) => byteLength >= bytes)
      const [memory] = at < 0 ? [] : kept.splice(at, 1)
      const roundedBytes = Math.ceil(bytes / stepBytes) * stepBytes
      return new Uint8Array(memory ?? new ArrayBuffer(roundedBytes), 0, bytes)
    },
  }
}
