/** Whether a name in a directory is as its entry says, told from numbers alone: what `isUnchanged` says, without its values. */

import { entryKey, entryTypeCode } from '../../model/entry-fields.ts'
import type { LeafSkimmer } from '../../model/leaf-skimmer.ts'
import { decodeDevice, type FileFacts } from '../source/facts.ts'
import type { RawFacts } from '../system/system-calls.ts'
import type { Trust } from './compare.ts'

/** The bits of an entry's flags that say nothing against it: it has holes. */
const harmlessFlags = 8

const kindBits = 0xf000
const directoryBits = 0x4000
const codes: ReadonlyMap<number, number> = new Map([
  [0x8000, entryTypeCode.file],
  [directoryBits, entryTypeCode.directory],
  [0xa000, entryTypeCode.symlink],
  [0x1000, entryTypeCode.fifo],
  [0xc000, entryTypeCode.socket],
  [0x6000, entryTypeCode.block],
  [0x2000, entryTypeCode.char],
])

export const isDirectory = ({ mode }: RawFacts): boolean => (mode & kindBits) === directoryBits

/**
 * For what lies in the directory. Of directories in it nothing is compared but that they are some; false for all that
 * has to be looked at closely, a mount point among it.
 */
export function createSameEntry(
  trust: Trust,
  directory: FileFacts,
  inodesLast: boolean,
): (entry: LeafSkimmer, facts: RawFacts) => boolean {
  const { major, minor } = decodeDevice(directory.deviceId)
  const before = halvesOf(trust.beforeNs)
  const time = { high: 0, low: 0 }

  const isBefore = () =>
    time.high < before.high || (time.high === before.high && time.low < before.low)
  const isSameTime = (high: number, low: number) =>
    time.high === high && time.low === low && isBefore()
  const hasSameTimes = (entry: LeafSkimmer, facts: RawFacts): boolean =>
    entry.has(entryKey.ctime) &&
    setTime(time, facts.mtimeSeconds, facts.mtimeNanoseconds) &&
    isSameTime(entry.mtimeHigh, entry.mtimeLow) &&
    setTime(time, facts.ctimeSeconds, facts.ctimeNanoseconds) &&
    isSameTime(entry.ctimeHigh, entry.ctimeLow)
  const hasSameInode = (entry: LeafSkimmer, facts: RawFacts): boolean =>
    inodesLast
      ? entry.inodeHigh === facts.inodeHigh && entry.inodeLow === facts.inodeLow
      : !entry.has(entryKey.inode)

  return (entry, facts) => {
    const { type } = entry
    if (type !== codes.get(facts.mode & kindBits)) return false
    if (type === entryTypeCode.directory) return true
    if (type === entryTypeCode.file && entry.sizeBytes !== facts.sizeBytes) return false
    return (
      !entry.isEarly &&
      (entry.flags & ~harmlessFlags) === 0 &&
      facts.deviceMajor === major &&
      facts.deviceMinor === minor &&
      hasSameInode(entry, facts) &&
      hasSameTimes(entry, facts)
    )
  }
}

interface Halves {
  high: number
  low: number
}

const halvesOf = (value: bigint): Halves => ({
  high: Number(value >> 32n),
  low: Number(value & 0xffff_ffffn),
})

/** The nanoseconds since 1970, exactly; false for seconds before that or beyond 32 bits. */
function setTime(time: Halves, seconds: number, nanoseconds: number): boolean {
  if (seconds >= 0x1_0000_0000) return false
  // In parts of 16 bits, so that no product loses a bit.
  const upper = Math.floor(seconds / 0x1_0000) * 1e9
  const rest = (upper % 0x1_0000) * 0x1_0000 + (seconds % 0x1_0000) * 1e9 + nanoseconds
  time.low = rest % 0x1_0000_0000
  time.high = Math.floor(upper / 0x1_0000) + (rest - time.low) / 0x1_0000_0000
  return true
}
