/**
 * The memory of packs, used again, and shared with the thread that sends them: of what is let go of in one thread after it
 * was made in another, a collector knows too late, and the next packs would already have taken as much again; and what is
 * handed over as a thread's own counts for its collector as growth, which it answers by a look at all there is.
 */

export interface PackMemory {
  /** Not cleared: whoever takes it fills it. */
  take(bytes: number): Uint8Array<SharedArrayBuffer>
}

/** Packs are of about one size: what serves for one serves for nearly all. */
const stepBytes = 1024 * 1024
/** At hand between two packs; more is let go of. */
const mostKept = 2

/** `returned`: the memory of one pack that is stored by now, undefined where there is none at the moment. */
export function createPackMemory(returned: () => SharedArrayBuffer | undefined): PackMemory {
  const kept: SharedArrayBuffer[] = []
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
      return new Uint8Array(memory ?? new SharedArrayBuffer(roundedBytes), 0, bytes)
    },
  }
}
