/** `compression`: how hard what is sent is compressed. */

import { parseCompression } from '../../policy/compression.ts'
import type { PolicySection } from './section.ts'

export const compressionSection: PolicySection = {
  key: 'compression',
  read: (place) => {
    const compression = place?.parsed(parseCompression)
    return { compression: compression === 'default' ? undefined : compression }
  },
  write: ({ compression }) => compression,
  effects: () => ['What the vault has already stays as it is.'],
}
