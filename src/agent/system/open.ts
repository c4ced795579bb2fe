/** The system calls of the system that this runs on. */

import { darwinSystemCalls } from './darwin.ts'
import { linuxSystemCalls } from './linux.ts'
import { portableSystemCalls } from './portable.ts'
import type { SystemCalls } from './system-calls.ts'
import { windowsSystemCalls } from './windows.ts'

/** One set a thread is enough: it keeps buffers between calls. */
export function openSystemCalls(platform: NodeJS.Platform = process.platform): SystemCalls {
  if (platform === 'win32') return windowsSystemCalls()
  if (platform === 'darwin') return darwinSystemCalls() ?? portableSystemCalls
  return (platform === 'linux' ? linuxSystemCalls() : undefined) ?? portableSystemCalls
}

let opened: SystemCalls | undefined

/** This thread's set for its own system, opened when first asked for. */
export const systemCalls = (): SystemCalls => (opened ??= openSystemCalls())
