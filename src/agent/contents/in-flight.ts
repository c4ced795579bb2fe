/** Packs that threads have handed out and the vault has not acknowledged: one budget, in memory that all share. */

const unitBytes = 1024
/** What may be on its way before threads wait. */
const budgetBytes = 48 * 1024 * 1024

const unitsOf = (bytes: number): number => Math.ceil(bytes / unitBytes)

export const createInFlight = (): SharedArrayBuffer => new SharedArrayBuffer(4)

/** Blocks the thread until there is room, and takes it. A pack larger than the budget goes alone. */
export function awaitRoom(memory: SharedArrayBuffer, bytes: number): void {
  const counter = new Int32Array(memory)
  const most = unitsOf(budgetBytes)
  for (;;) {
    const now = Atomics.load(counter, 0)
    const free = now === 0 || now + unitsOf(bytes) <= most
    if (!free) Atomics.wait(counter, 0, now)
    else if (Atomics.compareExchange(counter, 0, now, now + unitsOf(bytes)) === now) return
  }
}

/** Gives room back; wakes who waits for it. */
export function giveRoom(memory: SharedArrayBuffer, bytes: number): void {
  const counter = new Int32Array(memory)
  Atomics.sub(counter, 0, unitsOf(bytes))
  Atomics.notify(counter, 0)
}
