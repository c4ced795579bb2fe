/** Windows: what Node gives, a lock, and what tells placeholders of a cloud from files. Other attributes are not read yet. */

import { constants, openSync } from 'node:fs'
import { systemCodeOf } from '../../base/errors.ts'
import { portableSystemCalls } from './portable.ts'
import type { SystemCalls } from './system-calls.ts'
import { openWindowsFind } from './windows-find.ts'

/** libuv's flag for a file that is shared with nobody while it is open; Node has no name for it. */
const openExclusively = 0x1000_0000

export const windowsSystemCalls = (): SystemCalls => ({
  ...portableSystemCalls,
  windowsFacts: openWindowsFind(),
  openLocked: (path) => {
    try {
      return openSync(path, constants.O_RDWR | constants.O_CREAT | openExclusively, 0o600)
    } catch (error) {
      if (systemCodeOf(error) === 'EBUSY') return undefined
      throw error
    }
  },
})
