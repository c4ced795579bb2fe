/** The sections of a policy file, in the order in which they are written. A new one is a file beside these, and a line here. */

import { compressionSection } from './compression.ts'
import { excludeSection } from './exclude.ts'
import { hooksSection } from './hooks.ts'
import { includeSection } from './include.ts'
import { metricsSection } from './metrics.ts'
import { notificationsSection } from './notifications.ts'
import { retentionSection } from './retention.ts'
import { scheduleSection } from './schedule.ts'
import type { PolicySection } from './section.ts'
import { selectionSection } from './selection.ts'
import { throttleSection } from './throttle.ts'
import { watchSection } from './watch.ts'

export const policySections: readonly PolicySection[] = [
  includeSection,
  excludeSection,
  selectionSection,
  scheduleSection,
  throttleSection,
  compressionSection,
  watchSection,
  hooksSection,
  metricsSection,
  notificationsSection,
  retentionSection,
]
