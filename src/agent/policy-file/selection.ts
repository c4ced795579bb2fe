/** `selection`: what a source leaves out besides its patterns. */

import {
  checkedSelection,
  defaultSelection,
  type SelectionSettings,
} from '../../policy/selection.ts'
import { parseDays, parseFileSize } from '../../policy/selection-words.ts'
import { parseSwitch } from '../../policy/switch-words.ts'
import type { PolicySection } from './section.ts'

const switches = {
  'ignore-case': 'ignoreCase',
  'ignore-files': 'ignoreFiles',
  'one-file-system': 'oneFileSystem',
  'skip-caches': 'skipCaches',
  'skip-nodump': 'skipNodump',
  'fetch-cloud-files': 'fetchCloudFiles',
} as const

type Switch = keyof typeof switches
const switchKeys = Object.keys(switches) as Switch[]

export const selectionSection: PolicySection = {
  key: 'selection',
  read: (place) => {
    if (place === undefined) return { selection: undefined }
    const said = place.fields([...switchKeys, 'max-file-size', 'max-age', 'min-age'])
    const on = (key: Switch) => said.get(key)?.parsed(parseSwitch) ?? false
    const settings = place.checked(() =>
      checkedSelection({
        ignoreCase: on('ignore-case'),
        ignoreFiles: on('ignore-files'),
        largestFileBytes: said.get('max-file-size')?.parsed(parseFileSize) ?? null,
        mostDaysOld: said.get('max-age')?.parsed(parseDays) ?? null,
        leastDaysOld: said.get('min-age')?.parsed(parseDays) ?? null,
        oneFileSystem: on('one-file-system'),
        skipCaches: on('skip-caches'),
        skipNodump: on('skip-nodump'),
        fetchCloudFiles: on('fetch-cloud-files'),
      }),
    )
    return { selection: ownSettings(settings) }
  },
  write: ({ selection }) => {
    const settings = selection && ownSettings(selection)
    if (settings === undefined) return undefined
    const on = switchKeys.filter((key) => settings[switches[key]])
    return {
      ...Object.fromEntries(on.map((key) => [key, 'yes'])),
      ...(settings.largestFileBytes !== null && { 'max-file-size': settings.largestFileBytes }),
      ...(settings.mostDaysOld !== null && { 'max-age': `${settings.mostDaysOld}d` }),
      ...(settings.leastDaysOld !== null && { 'min-age': `${settings.leastDaysOld}d` }),
    }
  },
  effects: () => ['What is left out from now on stays in the points that are kept.'],
}

/** Undefined where all is as by default. */
export const ownSettings = (settings: SelectionSettings): SelectionSettings | undefined =>
  JSON.stringify({ ...defaultSelection, ...settings }) === JSON.stringify(defaultSelection)
    ? undefined
    : settings
