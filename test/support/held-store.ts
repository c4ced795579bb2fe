/** A store that a test can hold up or let fail, for runs that are met in the middle. */

import type { ObjectStore } from '../../src/vault/objects/object-store.ts'

export interface Gate {
  /** Resolves when somebody waits, or has waited, at the gate. */
  readonly reached: Promise<void>
  /** Waits until the gate is open. */
  pass(): Promise<void>
  open(): void
}

export function createGate(): Gate {
  const [reached, reach] = signal()
  const [opened, open] = signal()
  return {
    reached,
    open,
    pass: () => {
      reach()
      return opened
    },
  }
}

function signal(): readonly [Promise<void>, () => void] {
  let give: () => void = () => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return [given, give]
}

/** `enter` is awaited before anything with a key is written; it may throw. */
export const beforeWrites =
  (enter: (key: string) => Promise<void>) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    create: async (key, source, expected) => {
      await enter(key)
      return store.create(key, source, expected)
    },
  })

/** The same for what is read. */
export const beforeReads =
  (enter: (key: string) => Promise<void>) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    read: async (key, range) => {
      await enter(key)
      return store.read(key, range)
    },
  })

/** Of a key: `data`, `tree`, `refs`, …; undefined for what is no object of a repository. */
export const kindOfKey = (key: string): string | undefined =>
  /\/repositories\/\d+\/([a-z]+)\//.exec(key)?.[1]

/** Lets one pack of data through; those that follow wait at the gate until it is open. */
export const afterFirstPack =
  (gate: Gate) =>
  (store: ObjectStore): ObjectStore => {
    let first: Promise<unknown> | undefined
    return {
      ...store,
      create: async (key, source, expected) => {
        if (kindOfKey(key) !== 'data') return store.create(key, source, expected)
        if (first === undefined) {
          const created = store.create(key, source, expected)
          first = created
          return created
        }
        await first
        await gate.pass()
        return store.create(key, source, expected)
      },
    }
  }
