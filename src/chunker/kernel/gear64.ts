/**
 * The scan loop of `gear64` (docs/format.md 3.1), in AssemblyScript. The host writes the table at `tableAddress` and
 * file data from the second memory page on.
 */

/** 256 little-endian u64. */
export const tableAddress: usize = memory.data(2048, 64)

/**
 * The address of the first byte in [from, to) whose hash has its top `bits` (1 to 63) zero; `to` if there is none.
 * The hash of a byte needs the 63 bytes before it: they are read from memory, but not from below `floor`, where the
 * file begins. So any part of a file can be scanned by itself.
 */
export function scan(floor: usize, from: usize, to: usize, bits: u32): usize {
  const limit: u64 = (<u64>1) << (64 - bits)
  let hash = warmUp(floor, from)
  let at = from
  // Eight steps a turn: without them the loop's own counting costs as much as the hash.
  for (; at + 8 <= to; at += 8) {
    hash = step(hash, load<u8>(at))
    if (hash < limit) return at
    hash = step(hash, load<u8>(at, 1))
    if (hash < limit) return at + 1
    hash = step(hash, load<u8>(at, 2))
    if (hash < limit) return at + 2
    hash = step(hash, load<u8>(at, 3))
    if (hash < limit) return at + 3
    hash = step(hash, load<u8>(at, 4))
    if (hash < limit) return at + 4
    hash = step(hash, load<u8>(at, 5))
    if (hash < limit) return at + 5
    hash = step(hash, load<u8>(at, 6))
    if (hash < limit) return at + 6
    hash = step(hash, load<u8>(at, 7))
    if (hash < limit) return at + 7
  }
  for (; at < to; ++at) {
    hash = step(hash, load<u8>(at))
    if (hash < limit) return at
  }
  return to
}

function warmUp(floor: usize, from: usize): u64 {
  let hash: u64 = 0
  for (let at = from - floor > 63 ? from - 63 : floor; at < from; ++at) {
    hash = step(hash, load<u8>(at))
  }
  return hash
}

// @ts-ignore: decorator
@inline
function step(hash: u64, byte: u8): u64 {
  return (hash << 1) + load<u64>(tableAddress + ((<usize>byte) << 3))
}
