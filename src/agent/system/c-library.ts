/** The C library through koffi: finds it, passes bytes, turns errno into errors. */

import { createRequire } from 'node:module'
import { constants } from 'node:os'
import type koffiModule from 'koffi'
import type { LibraryHandle } from 'koffi'
import { SystemCallError } from './system-calls.ts'

/** Bytes are passed as the memory that they lie in; null is C's NULL. */
type Argument = number | ArrayBufferView | null

export type CFunction = (...values: readonly Argument[]) => number

export interface CLibrary {
  /** A function by its C declaration, whose result is a number. */
  declare(declaration: string): CFunction
  /** The same, undefined where the library has no such function. */
  declareOptional(declaration: string): CFunction | undefined
  /** The name of the last call's error, e.g. `ENOENT`. */
  errorCode(): string
  /** The result, or the call's error thrown where it is negative. */
  check(result: number, name: string): number
}

/** The first of the libraries that can be loaded; undefined where koffi or all of them are missing. */
export function openCLibrary(names: readonly string[]): CLibrary | undefined {
  const koffi = loadKoffi()
  if (koffi === undefined) return undefined
  const library = firstLibrary(koffi, names)
  if (library === undefined) return undefined
  const errorCode = () => errorNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`
  const declare = (declaration: string): CFunction => library.func(declaration)
  return {
    declare,
    declareOptional: (declaration) => {
      try {
        return declare(declaration)
      } catch {
        return undefined
      }
    },
    errorCode,
    check: (result, name) => {
      if (result < 0) throw new SystemCallError(errorCode(), name)
      return result
    },
  }
}

type Koffi = typeof koffiModule

/** Loaded when first needed, and not at all where it has no build for this system. */
function loadKoffi(): Koffi | undefined {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch {
    return undefined
  }
}

function firstLibrary(koffi: Koffi, names: readonly string[]): LibraryHandle | undefined {
  for (const name of names) {
    try {
      return koffi.load(name)
    } catch {
      // The next name may do.
    }
  }
  return undefined
}

/** Names of the numbers; where there are two for one, the alphabet's first: `EAGAIN`, `ENOTSUP`. */
const errorNames: ReadonlyMap<number, string> = new Map(
  [...unknownToNode(), ...Object.entries(constants.errno)]
    .map(([name, number]) => [number, name] as const)
    .reverse(),
)

function unknownToNode(): readonly (readonly [string, number])[] {
  // macOS has a number of its own for a missing attribute; callers know one name.
  if (process.platform === 'darwin') return [['ENODATA', 93]]
  return process.platform === 'linux' ? [['EUCLEAN', 117]] : []
}

let pathBuffer = new Uint8Array(4096)

/**
 * The path with the NUL that C wants, in one buffer that all calls share: good until the next call.
 * @throws SystemCallError `EINVAL` for a path with a NUL in it, which C would cut short.
 */
export function sharedCString(bytes: Uint8Array): Uint8Array {
  if (bytes.includes(0)) throw new SystemCallError('EINVAL', 'a path with a NUL')
  if (bytes.length >= pathBuffer.length) pathBuffer = new Uint8Array(bytes.length * 2)
  pathBuffer.set(bytes)
  pathBuffer[bytes.length] = 0
  return pathBuffer
}

/** The same in memory of its own. */
export function ownCString(bytes: Uint8Array): Uint8Array {
  return sharedCString(bytes).slice(0, bytes.length + 1)
}
