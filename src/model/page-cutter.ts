/**
 * Cuts a list into pages and the list of pages into pages above them, as a function of the items alone
 * (docs/format.md 7.2). Trees and file maps are such lists.
 */

import { BackupError } from '../base/errors.ts'
import type { ChunkReference } from './ids.ts'
import { maxPageBytes, maxPageLevel, singlePageBytes } from './limits.ts'

/** One item of a page: an entry, a chunk reference, or what stands for a page of the level below. */
export interface PageItem {
  /** As it stands in its page. */
  readonly bytes: Uint8Array
  /** 32 bytes that decide whether a page ends after it: those of the last leaf item below. */
  readonly hash: () => Uint8Array
}

/** How one kind of list is written. */
export interface PageKind<Item extends PageItem> {
  /** Bytes of a page of so many items which take so many bytes. */
  pageBytes(count: number, itemBytes: number): number
  encodePage(level: number, items: readonly Item[]): Uint8Array
  /** What stands in the level above for a page of these items. */
  itemAbove(items: readonly Item[], reference: ChunkReference): Item
  /** Takes a finished page, children before parents, and names it. */
  emit(page: Uint8Array): ChunkReference
}

/** Takes the items in order; holds no more than the pages that are open. */
export interface PageCutter<Item> {
  add(item: Item): void
  /** The reference of the root page. */
  finish(): ChunkReference
}

export function createPageCutter<Item extends PageItem>(kind: PageKind<Item>): PageCutter<Item> {
  return createLevel(kind, 0)
}

function createLevel<Item extends PageItem>(kind: PageKind<Item>, level: number): PageCutter<Item> {
  if (level > maxPageLevel)
    throw new BackupError('internal', 'A list has too many levels of pages.')
  let open: Item[] = []
  let openBytes = 0
  /** All items so far may still be one page. */
  let single = true
  /** The only page so far; a second one makes a level above necessary. */
  let only: { items: Item[]; reference: ChunkReference } | undefined
  let above: PageCutter<Item> | undefined

  const close = () => {
    const reference = kind.emit(kind.encodePage(level, open))
    const items = open
    open = []
    openBytes = 0
    if (above === undefined && only === undefined) {
      only = { items, reference }
      return
    }
    above ??= createLevel(kind, level + 1)
    if (only !== undefined) above.add(kind.itemAbove(only.items, only.reference))
    only = undefined
    above.add(kind.itemAbove(items, reference))
  }

  const place = (item: Item) => {
    const itemBytes = openBytes + item.bytes.length
    if (open.length > 0 && kind.pageBytes(open.length + 1, itemBytes) > maxPageBytes) close()
    open.push(item)
    openBytes += item.bytes.length
    if (endsPage(item.hash(), level)) close()
  }

  return {
    add: (item) => {
      if (!single) {
        place(item)
        return
      }
      open.push(item)
      openBytes += item.bytes.length
      if (kind.pageBytes(open.length, openBytes) <= singlePageBytes) return
      single = false
      const held = open
      open = []
      openBytes = 0
      held.forEach(place)
    },
    finish: () => {
      if (open.length > 0 || single) close()
      if (above !== undefined) return above.finish()
      if (only === undefined)
        throw new BackupError('internal', 'A list of pages was finished twice.')
      return only.reference
    },
  }
}

/** Whether bits 9L..9L+8 of the hash, read as one little-endian integer, are zero. */
export function endsPage(hash: Uint8Array, level: number): boolean {
  const bit = 9 * level
  const byte = bit >> 3
  const low = (hash[byte] ?? 0) | ((hash[byte + 1] ?? 0) << 8) | ((hash[byte + 2] ?? 0) << 16)
  return ((low >> (bit & 7)) & 0x1ff) === 0
}
