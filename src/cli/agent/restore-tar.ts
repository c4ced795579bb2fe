/** `backup restore --as-tar FILE|-` */

import { Option } from 'commander'
import type { Writable } from 'node:stream'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { exportTar, noOwnerNames, tarOwners } from '../../agent/restore/tar/restore-as-tar.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import type { ReadablePoint, RestorePlan } from '../../agent/restore/plan.ts'
import type { RestoreResult } from '../../agent/restore/report.ts'
import type { WriteBytes } from '../../agent/restore/tar/archive.ts'
import { writeNewFile } from '../../agent/restore/tar/file.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { createProgress, type ProgressState } from '../render/progress.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { restoreFacts } from './job.ts'
import type { OpenedPoint } from './opened-point.ts'
import { sayFailure } from './restore-failure.ts'

export const asTarOption = (): Option =>
  new Option('--as-tar <file>', 'as a tar archive; - for standard output').conflicts([
    'to',
    'inPlace',
    'onConflict',
    'dryRun',
    'owner',
    'privileged',
    'delete',
  ])

export interface TarRestore {
  readonly file: string
  readonly opened: OpenedPoint
  readonly point: ReadablePoint
  readonly plan: RestorePlan
  readonly totals: Pick<ProgressState, 'totalFiles' | 'totalBytes'>
  readonly flags: { readonly acl: boolean; readonly xattrs: boolean; readonly numericIds?: true }
}

const isStandardOutput = (file: string): boolean => file === '-'

/** @throws BackupError `usage` */
export function checkTarFlags(file: string, { output, host }: CommandContext): void {
  if (!isStandardOutput(file)) return
  if (output.json) {
    throw new BackupError('usage', 'A tar archive on standard output leaves no room for JSON.', {
      hint: 'Name a file, or leave --json away.',
    })
  }
  if (host.stdout.isTTY === true) {
    throw new BackupError('usage', 'A tar archive is nothing for a terminal.', {
      hint: 'Name a file, or send it on: backup restore … --as-tar - | tar -tv',
    })
  }
}

export async function restoreAsTar(
  context: CommandContext,
  restore: TarRestore,
  job: OpenJob,
): Promise<RestoreResult> {
  const { host, signal } = context
  const startedMs = systemClock.now()
  const path = resolve(host.cwd(), restore.file)
  const fill = (write: WriteBytes) => writeEntries(context, { ...restore, job }, write)
  const result = isStandardOutput(restore.file)
    ? await fill((bytes) => writeTo(host.stdout, bytes, signal))
    : await writeNewFile(path, fill, { system: systemCalls(), random: systemRandom })
  saySummary(context, restore, { result, durationMs: systemClock.now() - startedMs })
  return result
}

async function writeEntries(
  context: CommandContext,
  { file, opened, point, plan, totals, flags, job }: TarRestore & { readonly job: OpenJob },
  write: WriteBytes,
): Promise<RestoreResult> {
  const { manifest, chunks } = opened
  const progress = createProgress(context.output, context.host.stderr)
  try {
    return await exportTar(point, plan, {
      ...{ write, chunks, signal: context.signal, acls: flags.acl, xattrs: flags.xattrs },
      owners: flags.numericIds === true ? noOwnerNames : tarOwners(manifest),
      observer: {
        onProgress: (now) => {
          const { files, bytesRestored: bytes } = now
          progress.update({ what: file, files, bytes, ...totals })
          job.note(restoreFacts(now))
        },
        onFailure: (failure) => {
          progress.stop()
          sayFailure(context, failure, manifest)
        },
      },
    })
  } finally {
    progress.stop()
  }
}

/** Waits until the bytes are on their way: whoever reads may be slow, or have gone. */
function writeTo(stream: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    stream.write(bytes, (error) => {
      signal.removeEventListener('abort', onAbort)
      if (error) reject(unwritten(error))
      else resolve()
    })
  })
}

const unwritten = (cause: Error): BackupError =>
  new BackupError(
    'file-unwritable',
    `Standard output takes no more (${systemCodeOf(cause) ?? cause.message}): the archive is not complete.`,
    { cause },
  )

interface Done {
  readonly result: RestoreResult
  readonly durationMs: number
}

function saySummary(
  { output, endAs }: CommandContext,
  { file, opened }: TarRestore,
  { result, durationMs }: Done,
): void {
  const { files, directories, others, hardLinks, bytesRestored, failureCount } = result
  if (failureCount > 0) endAs('left-out')
  output.event({
    event: 'summary',
    outcome: failureCount > 0 ? 'left-out' : 'done',
    pointId: opened.facts.id,
    ...{ files, directories, others, hardLinks },
    bytesRead: opened.chunks.bytesFetched,
    bytesSent: 0,
    bytesStored: bytesRestored,
    leftOut: failureCount,
    durationMs,
  })
  // Standard output is the archive's.
  const say = isStandardOutput(file) ? output.note : output.line
  const counts = `${files} files, ${directories} directories, ${others} others`
  say(`Archived ${counts}, ${sizeText(bytesRestored)}, in ${durationText(durationMs)}.`)
  if (failureCount > 0) say(`${failureCount} things are not in the archive; they are named above.`)
}
