/** What a restore would do, without doing it. */

import { lstatSync } from 'node:fs'
import { systemCodeOf, errorCodeOf } from '../../base/errors.ts'
import type { RestoreContext } from './context.ts'
import { withHeldNames } from './held-names.ts'
import { settleName, type Naming } from './naming.ts'
import type { DirectoryItem, LeafItem, RestorePlan } from './plan.ts'
import { createReport } from './report.ts'
import type { RestoreOptions } from './restore.ts'
import type { ReadablePoint } from './plan.ts'
import { ownPlace } from './temporary-names.ts'
import { isOccupied, nameRulesOf, openTarget } from './target/open-target.ts'
import type { Place, Target } from './target/target.ts'

export interface PreviewedItem {
  /** `keep`: a directory that is there; `blocked`: the user's rule leaves no way. */
  readonly action: 'create' | 'replace' | 'copy' | 'skip' | 'unchanged' | 'keep' | 'blocked'
  readonly item: DirectoryItem | LeafItem
  /** Below the target. */
  readonly place: Place
}

/** Nothing is written; a target that is not there is not made. */
export async function* previewRestore(
  point: ReadablePoint,
  plan: RestorePlan,
  options: RestoreOptions,
): AsyncGenerator<PreviewedItem, void, undefined> {
  const mayMeet = await isOccupied(options.to)
  const target = mayMeet ? await openTarget(options.to) : undefined
  try {
    const held = withHeldNames(plan, target?.names ?? nameRulesOf(options.to))
    for await (const item of held.items({ signal: options.signal })) {
      if (item.kind === 'end') continue
      if (item.kind === 'unreadable') throw item.error
      if (target === undefined) yield { action: 'create', item, place: item.place }
      else if (item.kind === 'directory') yield await directoryItem(item, target)
      else yield await leafItem(item, contextOf(point, target, options))
    }
  } finally {
    await target?.close()
  }
}

const contextOf = (
  { tree }: ReadablePoint,
  target: Target,
  options: RestoreOptions,
): RestoreContext => ({
  ...{ ...options, tree, target, mayMeet: true, report: createReport() },
  temporaryName: () => new Uint8Array(0),
  runner: ownPlace(options.nowMs),
  nowNs: BigInt(options.nowMs) * 1_000_000n,
  ownUser: process.geteuid?.(),
})

async function directoryItem(item: DirectoryItem, target: Target): Promise<PreviewedItem> {
  const { place } = item
  const name = place.at(-1)
  if (name === undefined) return { action: 'keep', item, place }
  const action = await orIfFree<PreviewedItem['action']>('create', () =>
    target.withDirectory(place.slice(0, -1), (parent) =>
      Promise.resolve(lstatSync(parent.at(name)).isDirectory() ? 'keep' : 'blocked'),
    ),
  )
  return { action, item, place }
}

async function leafItem(item: LeafItem, context: RestoreContext): Promise<PreviewedItem> {
  const { place } = item
  const asItIs = { kind: 'make', name: place.at(-1) ?? item.entry.name, replaces: false } as const
  const naming = await orIfFree<Naming>(asItIs, () => settleName(item, context)).catch(
    (error: unknown) => {
      if (errorCodeOf(error) === 'already-exists' || errorCodeOf(error) === 'target-refused') return
      throw error
    },
  )
  if (naming === undefined) return { action: 'blocked', item, place }
  if (naming.kind !== 'make') {
    return { action: naming.kind === 'skip' ? 'skip' : 'unchanged', item, place }
  }
  if (naming.replaces) return { action: 'replace', item, place }
  const isCopy = Buffer.compare(naming.name, asItIs.name) !== 0
  const shown = [...place.slice(0, -1), naming.name]
  return { action: isCopy ? 'copy' : 'create', item, place: shown }
}

/** Where a directory on the way is missing, nothing is met. */
async function orIfFree<T>(free: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'not-found') return free
    throw error
  }
}
