/** A word on included paths that are not there: they may come later, as a disk that is plugged in. */

import { lstatExact } from '../../agent/source/facts.ts'
import { problemOf } from '../../agent/source/problem.ts'
import type { IncludedPath } from '../../agent/state/policy-state.ts'
import { notFoundHint } from '../../model/path-text.ts'
import type { Output } from '../render/output.ts'

export function warnOfMissing(output: Output, paths: readonly IncludedPath[]): void {
  for (const { bytes, shown } of paths) {
    try {
      lstatExact(bytes)
    } catch (error) {
      if (problemOf(error).reason !== 'vanished') throw error
      output.warn(`Warning: there is no ${shown} now. ${notFoundHint(shown, '')}`.trimEnd())
    }
  }
}
