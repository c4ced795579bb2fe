/** `metrics`: the file that says what the last run came to. */

import { parseMetricsFile } from '../../policy/metrics-words.ts'
import type { PolicySection } from './section.ts'

export const metricsSection: PolicySection = {
  key: 'metrics',
  read: (place) => ({ metrics: place?.fields(['file']).need('file').parsed(parseMetricsFile) }),
  write: ({ metrics }) => metrics && { file: metrics },
}
