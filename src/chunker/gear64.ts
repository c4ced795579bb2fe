/** Loads the WebAssembly kernel of `gear64` (docs/format.md 3.1). */

import { existsSync, readFileSync } from 'node:fs'
import { BackupError } from '../base/errors.ts'

export const gear64TableBytes = 2048

/** Scans file data in its own memory. Every offset is one in `memory`. */
export interface Gear64Kernel {
  /** Data is read straight into this. It never moves, and can not be transferred to another thread. */
  readonly memory: Uint8Array<ArrayBuffer>
  /**
   * The first offset in [from, to) whose hash has its top `bits` zero, or `to`. The up to 63 bytes before `from` are
   * taken into account, back to `floor`. So parts of a file can be scanned apart, each behind its 63 bytes.
   */
  scan(floor: number, from: number, to: number, bits: number): number
}

const pageBytes = 64 * 1024

/**
 * An instance with room for `capacityBytes` of data.
 * @param table 2,048 bytes: 256 little-endian u64.
 */
export function createGear64Kernel(table: Uint8Array, capacityBytes: number): Gear64Kernel {
  if (table.length !== gear64TableBytes) throw new RangeError('a gear64 table has 2,048 bytes')
  const kernel = instantiate()
  const dataAddress = kernel.memory.grow(Math.ceil(capacityBytes / pageBytes)) * pageBytes
  new Uint8Array(kernel.memory.buffer, kernel.tableAddress, gear64TableBytes).set(table)
  return {
    memory: new Uint8Array(kernel.memory.buffer, dataAddress, capacityBytes),
    scan: (floor, from, to, bits) =>
      kernel.scan(dataAddress + floor, dataAddress + from, dataAddress + to, bits) - dataAddress,
  }
}

interface KernelExports {
  readonly memory: WebAssembly.Memory
  readonly tableAddress: number
  scan(floor: number, from: number, to: number, bits: number): number
}

function instantiate(): KernelExports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(kernelFile())))
  const { memory, tableAddress, scan } = instance.exports
  if (
    !(memory instanceof WebAssembly.Memory) ||
    !(tableAddress instanceof WebAssembly.Global) ||
    typeof tableAddress.value !== 'number' ||
    typeof scan !== 'function'
  ) {
    throw new BackupError('internal', 'gear64.wasm is not the kernel of this version.')
  }
  return { memory, tableAddress: tableAddress.value, scan: scan as KernelExports['scan'] }
}

/** Beside this file where it was built, in dist/ where the sources run themselves. */
function kernelFile(): URL {
  const places = ['./gear64.wasm', '../../dist/chunker/gear64.wasm']
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(url))
  if (found !== undefined) return found
  throw new BackupError('internal', 'The chunker has not been built: gear64.wasm is missing.', {
    hint: 'Run `npm run build`.',
  })
}
