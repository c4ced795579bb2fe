/** A source's policy as far as it says what is watched, and its digest: run and watcher have to mean the same. */

import { toBase64Url, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { defaultSelection } from '../../policy/selection.ts'
import type { SourcePolicy } from '../state/policy-state.ts'
import { defaultWatch } from '../state/watch-state.ts'
import type { WatchedSource } from './messages.ts'

export const watchedSourceOf = (source: string, policy: SourcePolicy): WatchedSource => ({
  source,
  include: policy.include.map(({ bytes }) => toBase64Url(bytes)),
  exclude: [...policy.exclude],
  selection: { ...defaultSelection, ...policy.selection },
  mostDirectories: (policy.watch ?? defaultWatch).mostDirectories,
})

export function policyDigest({ include, exclude, selection }: WatchedSource): string {
  const settings = Object.entries(selection).sort(([a], [b]) => (a < b ? -1 : 1))
  return toHex(sha256(utf8(JSON.stringify([include, exclude, settings]))))
}
