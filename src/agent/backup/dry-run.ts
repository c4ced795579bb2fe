/** A run that only looks: what would be sent is counted and dropped. */

import type { Uploads } from '../../repository/uploads.ts'
import type { PackJournal } from './pack-journal.ts'

export function countingUploads(): Uploads {
  let bytesSent = 0
  return {
    put: async ({ bytes }, whenStored) => {
      bytesSent += bytes.length
      await whenStored?.()
    },
    settle: () => Promise.resolve(),
    rest: () => Promise.resolve(),
    get counts() {
      return { bytesSent, bytesStored: 0 }
    },
  }
}

/** Reads what is there and writes nothing. */
export const readOnlyJournal = (journal: PackJournal): PackJournal => ({
  append: () => Promise.resolve(),
  read: () => journal.read(),
  clear: () => Promise.resolve(),
})
