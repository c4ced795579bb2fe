/** Removes what a person has agreed to, and nothing that took its place meanwhile. */

import { rmdirSync, unlinkSync } from 'node:fs'
import { equalBytes } from '../../../base/bytes.ts'
import { BackupError } from '../../../base/errors.ts'
import { lstatExact, type FileFacts } from '../../source/facts.ts'
import type { SystemCalls } from '../../system/system-calls.ts'
import { createReport, type RestoreFailure } from '../report.ts'
import { withHeldDirectory } from '../target/held.ts'
import { openTarget } from '../target/open-target.ts'
import type { Directory, Place } from '../target/target.ts'
import type { Surplus } from './surplus.ts'

export interface RemoveOptions {
  readonly to: string
  readonly system: SystemCalls
  readonly signal?: AbortSignal | undefined
  readonly onRemoved: (surplus: Surplus) => void
  readonly onFailure: (failure: RestoreFailure) => void
}

/** In the order of the list. Directories that stay keep the time that they had. */
export async function removeSurplus(
  list: readonly Surplus[],
  options: RemoveOptions,
): Promise<void> {
  const report = createReport(options)
  const target = await openTarget(options.to)
  try {
    for (const group of byDirectory(list)) {
      options.signal?.throwIfAborted()
      const parent = group[0]?.place.slice(0, -1) ?? []
      const removeAll = (directory: Directory) => {
        for (const surplus of group) {
          try {
            remove(surplus, directory)
            options.onRemoved(surplus)
          } catch (error) {
            report.failed(surplus.path, { kind: 'content' }, error)
          }
        }
      }
      try {
        await target.withDirectory(parent, (directory) =>
          keepingTime(directory, options.system, removeAll),
        )
      } catch (error) {
        report.failed(parent, { kind: 'times' }, error)
      }
    }
  } finally {
    await target.close()
  }
}

/** What lies side by side in the list, and in one directory. */
function* byDirectory(list: readonly Surplus[]): Generator<readonly Surplus[]> {
  let group: Surplus[] = []
  for (const surplus of list) {
    const [first] = group
    if (first !== undefined && !areBeside(first.place, surplus.place)) {
      yield group
      group = []
    }
    group.push(surplus)
  }
  if (group.length > 0) yield group
}

const areBeside = (one: Place, other: Place): boolean =>
  one.length === other.length &&
  one.slice(0, -1).every((name, at) => equalBytes(name, other[at] ?? new Uint8Array(0)))

function remove({ place, facts }: Surplus, directory: Directory): void {
  const at = directory.at(place.at(-1) ?? new Uint8Array(0))
  const now = lstatExact(at)
  if (!isSame(now, facts)) {
    throw new BackupError('target-refused', 'Something else took its place: it stays.')
  }
  if (facts.kind === 'directory') rmdirSync(at)
  else unlinkSync(at)
}

/** The time of change of a file with several names is another one as soon as one of them goes. */
const isSame = (now: FileFacts, then: FileFacts): boolean =>
  now.deviceId === then.deviceId &&
  now.inode === then.inode &&
  now.kind === then.kind &&
  (now.kind === 'directory' || (now.mtimeNs === then.mtimeNs && now.sizeBytes === then.sizeBytes))

async function keepingTime(
  directory: Directory,
  system: SystemCalls,
  work: (directory: Directory) => void,
): Promise<void> {
  const { self } = directory
  const { mtimeNs } = lstatExact(self)
  work(directory)
  await withHeldDirectory(self, system, (held) => {
    held.calls.setTimes(held.at, BigInt(Date.now()) * 1_000_000n, mtimeNs)
    return Promise.resolve()
  })
}
