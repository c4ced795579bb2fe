/** SIGINT and SIGTERM as an AbortSignal. The second one ends the process as if nobody listened. */

import { BackupError } from '../../base/errors.ts'
import type { Host } from './context.ts'

export async function untilSignalled<T>(
  host: Host,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const stopBy = (code: 'interrupted' | 'terminated') => () => {
    forget()
    controller.abort(new BackupError(code, 'Stopped by a signal.'))
  }
  const onInterrupt = stopBy('interrupted')
  const onTerminate = stopBy('terminated')
  const forget = () => {
    host.off('SIGINT', onInterrupt)
    host.off('SIGTERM', onTerminate)
  }
  host.on('SIGINT', onInterrupt)
  host.on('SIGTERM', onTerminate)
  try {
    return await work(controller.signal)
  } finally {
    forget()
  }
}
