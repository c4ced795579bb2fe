/** `backup restore --as-tar FILE|-` and `--as-zip FILE|-` */

import { Option } from 'commander'
import type { Writable } from 'node:stream'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import { writeNewFile } from '../../agent/restore/archive/new-file.ts'
import type { WriteBytes } from '../../agent/restore/archive/write-bytes.ts'
import {
  exportTar,
  noOwnerNames,
  tarOwners,
} from '../../agent/restore/archive/tar/restore-as-tar.ts'
import { exportZip } from '../../agent/restore/archive/zip/restore-as-zip.ts'
import type { ReadablePoint, RestorePlan } from '../../agent/restore/plan.ts'
import type { RestoreObserver, RestoreResult } from '../../agent/restore/report.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { createProgress, type ProgressState } from '../render/progress.ts'
import { durationText, sizeText } from '../render/units.ts'
import { createLosses, type Losses } from './archive-losses.ts'
import type { CommandContext } from './context.ts'
import { restoreFacts } from './job.ts'
import type { OpenedPoint } from './opened-point.ts'
import { sayFailure, sayRenamed } from './restore-failure.ts'

const neverWith = ['to', 'inPlace', 'onConflict', 'dryRun', 'owner', 'privileged', 'delete']

export const asTarOption = (): Option =>
  new Option('--as-tar <file>', 'as a tar archive; - for standard output').conflicts(neverWith)

export const asZipOption = (): Option =>
  new Option(
    '--as-zip <file>',
    'as a zip archive, which keeps less; - for standard output',
  ).conflicts([...neverWith, 'asTar', 'numericIds'])

export interface ArchiveFile {
  readonly kind: 'tar' | 'zip'
  readonly file: string
}

/** What was asked for; undefined: no archive. */
export const archiveFileOf = (flags: {
  readonly asTar?: string
  readonly asZip?: string
}): ArchiveFile | undefined => {
  if (flags.asTar !== undefined) return { kind: 'tar', file: flags.asTar }
  return flags.asZip === undefined ? undefined : { kind: 'zip', file: flags.asZip }
}

export interface ArchiveRestore extends ArchiveFile {
  readonly opened: OpenedPoint
  readonly point: ReadablePoint
  readonly plan: RestorePlan
  readonly totals: Pick<ProgressState, 'totalFiles' | 'totalBytes'>
  readonly flags: { readonly acl: boolean; readonly xattrs: boolean; readonly numericIds?: true }
}

const isStandardOutput = (file: string): boolean => file === '-'

/** @throws BackupError `usage` */
export function checkArchiveFile(
  { kind, file }: ArchiveFile,
  { output, host }: CommandContext,
): void {
  if (!isStandardOutput(file)) return
  if (output.json) {
    throw new BackupError(
      'usage',
      `A ${kind} archive on standard output leaves no room for JSON.`,
      {
        hint: 'Name a file, or leave --json away.',
      },
    )
  }
  if (host.stdout.isTTY === true) {
    const reader = kind === 'tar' ? 'tar -tv' : 'bsdtar -tvf -'
    throw new BackupError('usage', `A ${kind} archive is nothing for a terminal.`, {
      hint: `Name a file, or send it on: backup restore … --as-${kind} - | ${reader}`,
    })
  }
}

export async function restoreAsArchive(
  context: CommandContext,
  restore: ArchiveRestore,
  job: OpenJob,
): Promise<RestoreResult> {
  const { host, signal } = context
  const startedMs = systemClock.now()
  const path = resolve(host.cwd(), restore.file)
  const losses = createLosses(context, restore.opened.manifest)
  const fill = (write: WriteBytes) => writeEntries(context, restore, { write, losses, job })
  const result = isStandardOutput(restore.file)
    ? await fill((bytes) => writeTo(host.stdout, bytes, signal))
    : await writeNewFile(path, fill, { system: systemCalls(), random: systemRandom })
  const durationMs = systemClock.now() - startedMs
  saySummary(context, restore, { result, losses, durationMs })
  return result
}

interface Writing {
  readonly write: WriteBytes
  readonly losses: Losses
  readonly job: OpenJob
}

async function writeEntries(
  context: CommandContext,
  restore: ArchiveRestore,
  { write, losses, job }: Writing,
): Promise<RestoreResult> {
  const { kind, file, point, plan, totals, flags } = restore
  const { manifest, chunks } = restore.opened
  const progress = createProgress(context.output, context.host.stderr)
  const observer: RestoreObserver = {
    onProgress: (now) => {
      const { files, bytesRestored: bytes } = now
      progress.update({ what: file, files, bytes, ...totals })
      job.note(restoreFacts(now))
    },
    onFailure: (failure) => {
      progress.stop()
      if (kind === 'zip') losses.noteFailure(failure)
      else sayFailure(context, failure, manifest)
    },
    onRenamed: (at, name) => {
      sayRenamed(context, { path: at, name }, manifest)
    },
  }
  const options = { write, chunks, signal: context.signal, acls: flags.acl, xattrs: flags.xattrs }
  try {
    if (kind === 'zip') {
      return await exportZip(point, plan, {
        ...options,
        observer: {
          ...observer,
          onLosses: (path, what) => {
            losses.note(path, what)
          },
        },
      })
    }
    const owners = flags.numericIds === true ? noOwnerNames : tarOwners(manifest)
    return await exportTar(point, plan, { ...options, owners, observer })
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
  readonly losses: Losses
  readonly durationMs: number
}

function saySummary(
  { output, endAs }: CommandContext,
  { file, opened }: ArchiveRestore,
  { result, losses, durationMs }: Done,
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
  losses.say(say)
  if (failureCount > 0) say(`${failureCount} things are not in the archive: see above.`)
}
