/** What a verification found: damaged things by id, each with the first of the paths that it concerns. */

import type { RecordHash } from '../../model/ids.ts'
import type { SystemName } from '../../model/manifest.ts'

export type DamagedKind = 'refs' | 'manifest' | 'index' | 'pack' | 'chunk' | 'slot'

export interface Damage {
  /** Of an object, or of a chunk that no object holds. */
  readonly id: string
  readonly kind: DamagedKind
  /** What is wrong with it. */
  readonly message: string
  /** The first 20 paths that need it, as far as others do not hold the same. */
  readonly paths: readonly DamagedPath[]
  readonly pathCount: number
}

export interface DamagedPath {
  readonly point: RecordHash
  /** Of the machine that was backed up: it says how paths are written. */
  readonly system: SystemName
  /** Names from the root on. */
  readonly path: readonly Uint8Array[]
}

export interface DamageList {
  /** Notes a damaged thing; said twice, the first message stays. */
  note(id: string, kind: DamagedKind, message: string): void
  /** Notes a path that can not be restored as it was, because of these. */
  concern(ids: readonly string[], path: DamagedPath): void
  has(id: string): boolean
  /** Whether anything is damaged. */
  readonly count: number
  /** Paths that can not be restored as they were, in all points. */
  readonly pathCount: number
  readonly list: readonly Damage[]
}

interface Draft {
  readonly id: string
  readonly kind: DamagedKind
  readonly message: string
  readonly paths: DamagedPath[]
  pathCount: number
}

const shownPaths = 20
const shownDamages = 10_000

export function createDamageList(): DamageList {
  const found = new Map<string, Draft>()
  let count = 0
  let pathCount = 0
  return {
    note: (id, kind, message) => {
      if (found.has(id)) return
      count++
      if (found.size < shownDamages) found.set(id, { id, kind, message, paths: [], pathCount: 0 })
    },
    concern: (ids, path) => {
      pathCount++
      for (const id of ids) {
        const damage = found.get(id)
        if (damage === undefined) continue
        damage.pathCount++
        if (damage.paths.length < shownPaths) damage.paths.push(path)
      }
    },
    has: (id) => found.has(id),
    get count() {
      return count
    },
    get pathCount() {
      return pathCount
    },
    get list() {
      return [...found.values()]
    },
  }
}
