/** `watch`: whether the daemon watches a source for changes. */

import { parseSwitch } from '../../policy/switch-words.ts'
import { parseDirectoryCount } from '../../policy/watch-words.ts'
import { defaultWatch } from '../state/watch-state.ts'
import type { PolicySection } from './section.ts'

export const watchSection: PolicySection = {
  key: 'watch',
  read: (place) => {
    if (place === undefined) return { watch: undefined }
    const said = place.fields(['enabled', 'max-directories'])
    return {
      watch: {
        enabled: said.get('enabled')?.parsed(parseSwitch) ?? defaultWatch.enabled,
        mostDirectories:
          said.get('max-directories')?.parsed(parseDirectoryCount) ?? defaultWatch.mostDirectories,
      },
    }
  },
  write: ({ watch }) =>
    watch && {
      enabled: watch.enabled ? 'yes' : 'no',
      'max-directories': watch.mostDirectories,
    },
  effects: () => ['The next run looks at everything; the daemon follows within a minute.'],
}
