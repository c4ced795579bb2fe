/** `include`: the files and folders of a source, by their whole path. */

import { isAbsolute } from 'node:path'
import { win32 } from 'node:path'
import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { parsePath } from '../../model/path.ts'
import { toDisplay } from '../../model/path-text.ts'
import type { IncludedPath } from '../state/policy-state.ts'
import type { PolicySection } from './section.ts'

export const includeSection: PolicySection = {
  key: 'include',
  read: (place, { platform }) => {
    const paths = (place?.list() ?? []).map((item) =>
      item.parsed((text) => included(text, platform)),
    )
    const first = (path: IncludedPath) => paths.find(({ bytes }) => equalBytes(bytes, path.bytes))
    return { include: paths.filter((path) => first(path) === path) }
  },
  // Also where there is none: whoever reads the file looks for it.
  write: ({ include }) => include.map(({ shown }) => shown),
  effects: () => [
    'The next run reads the facts of all files anew. Points that are kept stay as they are.',
  ],
}

function included(text: string, platform: NodeJS.Platform): IncludedPath {
  const isWhole = platform === 'win32' ? win32.isAbsolute(text) : isAbsolute(text)
  if (!isWhole) {
    throw new BackupError('usage', `${JSON.stringify(text)} is no whole path.`, {
      hint: 'Paths in a policy file begin at the root, as in /home/me.',
    })
  }
  const bytes = parsePath(text, '/', platform)
  return { bytes, shown: toDisplay(bytes) }
}
