/**
 * The journal of one source: what has changed since the point that holds everything before. It lives as long as the
 * watches do, in memory: when they end, by a crash or a restart, changes go unseen that no file could name, so that then
 * everything is looked at anyway.
 */

export interface Mark {
  readonly key: string
  /** All below it, not only its entries. */
  readonly whole: boolean
}

export interface Marks {
  /** Grows with each change. */
  readonly generation: number
  /** The entries of a directory changed. */
  touch(key: string): void
  /** All below may change unseen until `settle`: it stays, whatever is dropped. */
  unsettle(key: string): void
  /** From now on all below is watched. */
  settle(key: string): void
  forget(key: string): void
  has(key: string): boolean
  /** What a run has looked at that began at this generation. */
  drop(generation: number): void
  list(): Mark[]
  readonly count: number
}

interface Noted {
  readonly generation: number
  readonly whole: boolean
  readonly isSettled: boolean
}

export function createMarks(): Marks {
  const noted = new Map<string, Noted>()
  let generation = 0
  const note = (key: string, whole: boolean, isSettled: boolean) => {
    generation++
    noted.set(key, { generation, whole, isSettled })
  }
  return {
    get generation() {
      return generation
    },
    get count() {
      return noted.size
    },
    touch: (key) => {
      const before = noted.get(key)
      note(key, before?.whole ?? false, before?.isSettled ?? true)
    },
    unsettle: (key) => note(key, true, false),
    settle: (key) => note(key, true, true),
    forget: (key) => void noted.delete(key),
    has: (key) => noted.has(key),
    drop: (covered) => {
      for (const [key, mark] of noted) {
        if (mark.isSettled && mark.generation <= covered) noted.delete(key)
      }
    },
    list: () => [...noted].map(([key, { whole }]) => ({ key, whole })),
  }
}
