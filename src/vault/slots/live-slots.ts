/** The key slots of a machine that open something: those that are stored and not deleted. */

import { deletedSlotsOf } from '../catalog/deleted-slots.ts'
import type { Catalog } from '../catalog/tables.ts'
import { numberedFolder, parseNumberName, type Namespace } from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'

export interface SlotContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
}

export interface SlotNumbers {
  /** Ascending. */
  readonly live: readonly number[]
  /** A number is never used twice. */
  readonly next: number
}

export async function slotNumbers(
  { store, catalog }: SlotContext,
  space: Namespace,
  repository: number,
): Promise<SlotNumbers> {
  const stored = await storedNumbers(store, numberedFolder(space, repository, 'slots'))
  const deleted = (await deletedSlotsOf(catalog, space.machineId))
    .filter((one) => one.repository === repository)
    .map(({ slot }) => slot)
  return {
    live: stored.filter((number) => !deleted.includes(number)),
    next: Math.max(-1, ...stored, ...deleted) + 1,
  }
}

async function storedNumbers(store: ObjectStore, folder: string): Promise<number[]> {
  const numbers: number[] = []
  for await (const { key } of store.list(folder)) {
    const number = parseNumberName(key.slice(folder.length))
    if (number !== undefined) numbers.push(number)
  }
  return numbers
}
