/**
 * The set of chunk ids that need not be stored again, in memory that threads share: whoever claims an id first stores it.
 * A chain of hash tables, each twice as large as the one before; only the last one takes new ids. Threads may see a new
 * table late: at worst a chunk is then stored twice, which readers allow.
 */

import { equalBytes, readU32 } from '../base/bytes.ts'

/** Handed to threads as it is. Layout: i32 count, i32 state a slot, 32 bytes a slot. */
export type ClaimMemory = SharedArrayBuffer

export interface ClaimTable {
  /** Whether the id is new, to all threads: it is not from now on. */
  claim(id: Uint8Array): boolean
  /** Takes notice of a table that was added by another thread. */
  extend(memory: ClaimMemory): void
}

const idBytes = 32
const stateBytes = 4
/** Of a table's slots so many are used before the next table is begun; with 36 bytes a slot, 48 bytes an id. */
const fullShare = 0.75
const emptySlot = 0
const beingWritten = 1
const taken = 2

/** Room for at least so many ids. */
export function createClaimMemory(ids: number): ClaimMemory {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(ids, 1024) / fullShare))
  return new SharedArrayBuffer(stateBytes + slots * (stateBytes + idBytes))
}

/** The table to add behind this one once it is three quarters full; undefined before. */
export function nextClaimMemory(memory: ClaimMemory): ClaimMemory | undefined {
  const { states, slots } = viewOf(memory)
  const used = Atomics.load(states, 0)
  return used >= slots * fullShare ? createClaimMemory(slots * 2 * fullShare) : undefined
}

export function openClaimTable(memories: readonly ClaimMemory[]): ClaimTable {
  const tables = memories.map(viewOf)
  return {
    claim: (id) => {
      const last = tables.at(-1)
      for (const table of tables) {
        if (table !== last && holds(table, id)) return false
      }
      return last === undefined || insert(last, id)
    },
    extend: (memory) => void tables.push(viewOf(memory)),
  }
}

interface Table {
  readonly slots: number
  /** The count, then the state of each slot. */
  readonly states: Int32Array
  readonly ids: Uint8Array
}

function viewOf(memory: ClaimMemory): Table {
  const slots = (memory.byteLength - stateBytes) / (stateBytes + idBytes)
  return {
    slots,
    states: new Int32Array(memory, 0, 1 + slots),
    ids: new Uint8Array(memory, stateBytes * (1 + slots)),
  }
}

/** Ids are uniform: their first bits serve as the hash. */
const slotOf = (id: Uint8Array, { slots }: Table): number => readU32(id, 0) % slots

const idAt = ({ ids }: Table, slot: number): Uint8Array =>
  ids.subarray(slot * idBytes, (slot + 1) * idBytes)

function holds(table: Table, id: Uint8Array): boolean {
  for (let step = 0, slot = slotOf(id, table); step < table.slots; step++) {
    if (settledState(table, slot) === emptySlot) return false
    if (equalBytes(idAt(table, slot), id)) return true
    slot = (slot + 1) % table.slots
  }
  return false
}

/** Whether it was not there. A table without a free slot takes no note: the chunk counts as new. */
function insert(table: Table, id: Uint8Array): boolean {
  for (let step = 0, slot = slotOf(id, table); step < table.slots; step++) {
    if (Atomics.compareExchange(table.states, slot + 1, emptySlot, beingWritten) === emptySlot) {
      table.ids.set(id, slot * idBytes)
      Atomics.store(table.states, slot + 1, taken)
      Atomics.add(table.states, 0, 1)
      return true
    }
    settledState(table, slot)
    if (equalBytes(idAt(table, slot), id)) return false
    slot = (slot + 1) % table.slots
  }
  return true
}

/** Writing 32 bytes takes less time than asking to be woken would. */
function settledState({ states }: Table, slot: number): number {
  let state = Atomics.load(states, slot + 1)
  while (state === beingWritten) state = Atomics.load(states, slot + 1)
  return state
}
