/** Values kept until their bytes are too many together: the one not used for longest goes first. */

export interface ByteCache<Value> {
  get(key: string): Value | undefined
  /** A value larger than the whole cache is not kept. */
  set(key: string, value: Value, sizeBytes: number): void
  delete(key: string): void
}

export function createByteCache<Value>(maxBytes: number): ByteCache<Value> {
  const kept = new Map<string, { readonly value: Value; readonly sizeBytes: number }>()
  let bytes = 0

  const forget = (key: string) => {
    bytes -= kept.get(key)?.sizeBytes ?? 0
    kept.delete(key)
  }
  return {
    get: (key) => {
      const entry = kept.get(key)
      if (entry === undefined) return undefined
      kept.delete(key)
      kept.set(key, entry)
      return entry.value
    },
    set: (key, value, sizeBytes) => {
      forget(key)
      if (sizeBytes > maxBytes) return
      kept.set(key, { value, sizeBytes })
      bytes += sizeBytes
      for (const oldest of kept.keys()) {
        if (bytes <= maxBytes) return
        forget(oldest)
      }
    },
    delete: forget,
  }
}
