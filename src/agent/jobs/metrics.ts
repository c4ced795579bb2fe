/** What the last runs came to, in the text format of Prometheus 0.0.4, for its collector of text files. */

import { chmod } from 'node:fs/promises'
import { utf8 } from '../../base/bytes.ts'
import { replaceFile } from '../../base/files.ts'
import type { SourceName } from '../../model/ids.ts'
import type { Job } from './job.ts'

interface Metric {
  readonly name: string
  readonly help: string
  /** Undefined: not known of this source. */
  readonly value: (runs: Runs) => number | undefined
}

/** Of one source. */
interface Runs {
  /** The newest that has ended. */
  readonly last: Job
  /** The newest that made a point, or found that none was needed. */
  readonly success: Job | undefined
}

const seconds = (ms: number): number => ms / 1000

/** Of a run that was killed nobody noted the end. */
const endOf = ({ startedAt, endedAt }: Job): number => endedAt ?? startedAt

const metrics: readonly Metric[] = [
  {
    name: 'backup_last_run_end_timestamp_seconds',
    help: 'When the last run ended.',
    value: ({ last }) => seconds(endOf(last)),
  },
  {
    name: 'backup_last_success_timestamp_seconds',
    help: 'When the last run ended that saved the source, if with files left out.',
    value: ({ success }) => success && seconds(endOf(success)),
  },
  {
    name: 'backup_last_run_duration_seconds',
    help: 'How long the last run took.',
    value: ({ last }) => seconds(endOf(last) - last.startedAt),
  },
  {
    name: 'backup_last_run_success',
    help: '1 where the last run saved the source, 0 where it failed or was interrupted.',
    value: ({ last }) => (isSuccess(last) ? 1 : 0),
  },
  {
    name: 'backup_last_run_left_out',
    help: 'Files that the last run could not save as they were.',
    value: ({ last }) => last.leftOut,
  },
  {
    name: 'backup_last_run_files',
    help: 'Files in the point of the last run.',
    value: ({ last }) => last.files,
  },
  {
    name: 'backup_last_run_read_bytes',
    help: 'Bytes that the last run read from files.',
    value: ({ last }) => last.bytesRead,
  },
  {
    name: 'backup_last_run_sent_bytes',
    help: 'Bytes that the last run sent to the vault.',
    value: ({ last }) => last.bytesSent,
  },
  {
    name: 'backup_last_run_stored_bytes',
    help: 'Bytes of these that the vault did not have.',
    value: ({ last }) => last.bytesStored,
  },
]

const isSuccess = ({ outcome }: Job): boolean => outcome === 'done' || outcome === 'left-out'

/** `jobs`: the newest first. A source without a run that has ended has no lines. */
export function metricsText(jobs: readonly Job[], sources: readonly SourceName[]): string {
  const known = sources.flatMap((source) => {
    const ended = jobs.filter(
      (job) => job.kind === 'backup' && job.source === source && job.outcome !== 'running',
    )
    const [last] = ended
    return last === undefined ? [] : [{ source, runs: { last, success: ended.find(isSuccess) } }]
  })
  return metrics
    .flatMap(({ name, help, value }) => {
      const lines = known.flatMap(({ source, runs }) => {
        const number = value(runs)
        return number === undefined ? [] : [`${name}{source="${source}"} ${number}\n`]
      })
      return lines.length === 0 ? [] : [`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`, ...lines]
    })
    .join('')
}

/** Replaced as a whole; whoever collects it may read it, whatever the umask. Throws what the system throws. */
export async function writeMetrics(path: string, text: string): Promise<void> {
  await replaceFile(path, utf8(text))
  await chmod(path, 0o644)
}
