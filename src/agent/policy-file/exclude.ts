/** `exclude`: patterns of what a source leaves out; their order counts. */

import { checkPattern } from '../../policy/exclusion.ts'
import type { PolicySection } from './section.ts'

export const excludeSection: PolicySection = {
  key: 'exclude',
  read: (place) => {
    const patterns = (place?.list() ?? []).map((item) =>
      item.parsed((text) => {
        checkPattern(text)
        return text
      }),
    )
    // The last place of a pattern counts: a later one takes an earlier one back.
    return { exclude: patterns.filter((pattern, at) => patterns.lastIndexOf(pattern) === at) }
  },
  write: ({ exclude }) => exclude,
  effects: () => ['What is left out from now on stays in the points that are kept.'],
}
