/** An entry of a point as a header of a zip archive, and what of it a zip archive has no room for. */

import { ascii, bufferOf, concatBytes } from '../../../../base/bytes.ts'
import type { Entry } from '../../../../model/entry.ts'
import type { DirectoryItem, LeafItem } from '../../plan.ts'
import type { Place } from '../../target/target.ts'
import { refused } from '../refused.ts'

export interface ZipHeader {
  readonly name: string
  readonly sizeBytes: number
  readonly options: {
    readonly mtime: Date
    /** With the bits of its type. */
    readonly mode: number
    readonly forceDosTimestamp: boolean
  }
}

/** What zip keeps of no entry: there for information. */
export type Loss = 'owner' | 'fraction' | 'time' | 'hard-link' | 'holes'

/** @throws BackupError `target-refused` for what a zip archive can not hold */
export function zipHeader({ entry, place }: DirectoryItem | LeafItem): ZipHeader {
  const type = typeBits(entry)
  const name = zipName(place, entry.type === 'directory')
  if (name.length > mostNameBytes) throw refused('Its path is too long for zip.')
  const seconds = secondsOf(entry)
  return {
    name: bufferOf(name).toString('utf8'),
    sizeBytes: contentBytes(entry),
    options: {
      mtime: new Date(Number(seconds) * 1000),
      mode: type | (entry.mode ?? usualMode(entry)),
      // The other time ends in 2038, and yazl can not write one before 1970.
      forceDosTimestamp: !isUnixTime(seconds),
    },
  }
}

export function lossesOf(entry: Entry): Loss[] {
  const losses: Loss[] = []
  if (entry.uid !== undefined || entry.gid !== undefined) losses.push('owner')
  if (!isUnixTime(secondsOf(entry))) losses.push('time')
  else if (entry.mtimeNs % nsPerSecond !== 0n) losses.push('fraction')
  if (entry.flags.sparse) losses.push('holes')
  return losses
}

const nsPerSecond = 1_000_000_000n
const mostNameBytes = 0xffff

/** Rounded down, as the system does. */
const secondsOf = ({ mtimeNs }: Entry): bigint =>
  (mtimeNs - (((mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond)) / nsPerSecond

const isUnixTime = (seconds: bigint): boolean => seconds >= 0n && seconds <= 0x7fff_ffffn

function typeBits({ type }: Entry): number {
  switch (type) {
    case 'file':
      return 0o100000
    case 'directory':
      return 0o040000
    case 'symlink':
      return 0o120000
    case 'socket':
    case 'fifo':
      throw refused(`A zip archive can not hold a ${type === 'fifo' ? 'FIFO' : type}.`)
    case 'block':
    case 'char':
      throw refused('A zip archive can not hold a device.')
  }
}

function contentBytes(entry: Entry): number {
  if (entry.type === 'file') return entry.sizeBytes
  return entry.type === 'symlink' ? entry.target.length : 0
}

const usualMode = ({ type }: Entry): number => {
  if (type === 'symlink') return 0o777
  return type === 'directory' ? 0o755 : 0o644
}

const zipName = (place: Place, isDirectory: boolean): Uint8Array => {
  const parts = place.flatMap((name, at) => (at === 0 ? [name] : [ascii('/'), name]))
  return concatBytes(...parts, ascii(isDirectory ? '/' : ''))
}
