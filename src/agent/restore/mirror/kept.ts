/** What a mirror leaves where it is although the point does not hold it. In doubt it stays. */

import { bufferOf, equalBytes, utf8 } from '../../../base/bytes.ts'
import { maxLeftOutPathBytes } from '../../../model/limits.ts'
import type { Selection } from '../../../model/manifest.ts'
import { absolutePath } from '../../../model/path.ts'
import { defaultSelection, type SelectionSettings } from '../../../policy/selection.ts'
import { createSelector } from '../../backup/selector.ts'
import type { Found } from '../../backup/walk-context.ts'
import type { FileFacts } from '../../source/facts.ts'
import type { Place } from '../target/target.ts'

export interface KeptRules {
  /** Of the point, and of the source as it is now: what either leaves out stays. */
  readonly selections: readonly Selection[]
  readonly settings: SelectionSettings | undefined
  /** Paths that the point says it lacks, or has an earlier state of. */
  readonly leftOut: readonly Uint8Array[]
  /** The agent's own directory, if there is one. */
  readonly own: Pick<FileFacts, 'deviceId' | 'inode'> | undefined
  readonly nowMs: number
}

export interface Kept {
  /** Whether this stays, with all below it. `path`: in the point. */
  stays(found: Found, path: Place): boolean
  /** Whether nothing in this directory, which the point holds, is removed. */
  staysWhole(path: Place, facts: FileFacts): boolean
  ignoresBelow(place: Found['place']): Found['place']['ignores']
}

export function createKept({ selections, leftOut, own, ...rules }: KeptRules): Kept {
  // Ignore files are honoured and caches left alone also where the policy says nothing of them now: it may have then.
  const settings = { ...(rules.settings ?? defaultSelection), ignoreFiles: true }
  const selectors = selections.map((selection) =>
    createSelector({ selection, settings, nowMs: rules.nowMs }),
  )
  const lacking = new Set(leftOut.map(keyOf))
  const isLacking = (path: Place) =>
    lacking.has(keyOf(absolutePath(path, 'linux').subarray(0, maxLeftOutPathBytes)))
  const isOwn = ({ deviceId, inode }: FileFacts) =>
    own?.deviceId === deviceId && own.inode === inode
  return {
    stays: ({ place, facts }, path) =>
      isOwn(facts) ||
      isLacking(path) ||
      isFileSystems(place.name, facts) ||
      selectors.some((selector) => selector.leavesOut(place, facts) !== undefined),
    staysWhole: (path, facts) => isOwn(facts) || isLacking(path),
    ignoresBelow: (place) => selectors[0]?.ignoresBelow(place) ?? place.ignores,
  }
}

const keyOf = (path: Uint8Array): string => bufferOf(path).toString('latin1')

/** What mkfs puts there for fsck. */
const isFileSystems = (name: Uint8Array, { kind }: FileFacts): boolean =>
  kind === 'directory' && equalBytes(name, utf8('lost+found'))
