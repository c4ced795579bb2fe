/** `backup restore --point POINT [PATH|PATTERN…] --to DIR | --in-place | --as-tar FILE | --as-zip FILE` */

import { Option, type Command } from 'commander'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { chunkId } from '../../crypto/chunk-id.ts'
import type { ReadablePoint } from '../../agent/restore/plan.ts'
import { planWithPatterns } from '../../agent/restore/plan-patterns.ts'
import { conflictRules, type ConflictRule } from '../../agent/restore/conflict.ts'
import { namedOwners, numericOwners } from '../../agent/restore/owners.ts'
import { restorePoint, type RestoreOptions } from '../../agent/restore/restore.ts'
import type { RestoreResult } from '../../agent/restore/report.ts'
import { startWriters } from '../../agent/restore/writing/start-writers.ts'
import { systemCalls } from '../../agent/system/open.ts'
import type { Manifest } from '../../model/manifest.ts'
import { splitPath } from '../../model/path.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import { createProgress } from '../render/progress.ts'
import type { CommandContext } from './context.ts'
import { asJob, restoreFacts } from './job.ts'
import { addLimitOptions } from './line.ts'
import type { OpenAgent } from './open.ts'
import { withPoint } from './opened-point.ts'
import { sayFailure, sayOwnerKept, sayRenamed } from './restore-failure.ts'
import { planMirror, type Mirror } from './restore-delete.ts'
import { sayPlan, saySummary, type Restore } from './restore-report.ts'
import { wantedOf } from './wanted-paths.ts'
import { warnInsideSources } from './restored-inside.ts'
import { threadsOption, usualThreads } from './threads.ts'
import {
  archiveFileOf,
  asTarOption,
  asZipOption,
  checkArchiveFile,
  restoreAsArchive,
} from './restore-archive.ts'
import { addReadingOptions } from './reading.ts'

interface RestoreFlags {
  readonly point: string
  readonly to?: string
  readonly inPlace?: true
  readonly asTar?: string
  readonly asZip?: string
  readonly onConflict: ConflictRule
  readonly strip?: true
  readonly dryRun?: true
  readonly verify?: true
  readonly owner: boolean
  readonly acl: boolean
  readonly xattrs: boolean
  readonly numericIds?: true
  readonly privileged?: true
  readonly delete?: true
  readonly yes?: true
  readonly threads?: number
}

export function addRestore(program: Command, context: CommandContext): void {
  addReadingOptions(addLimitOptions(program.command('restore')))
    .description('restore a recovery point, or parts of it')
    .argument(
      '[paths...]',
      "directories and files as they were on the machine, or patterns as in .gitignore: '**/docs/*.txt'; none: everything",
    )
    .requiredOption('--point <point>', 'the beginning of its id, latest, or a time')
    .option('--to <directory>', 'where to; the paths are put beneath it, whole')
    .option('--in-place', 'to where it was backed up from')
    .addOption(asTarOption())
    .addOption(asZipOption())
    .addOption(
      new Option('--on-conflict <rule>', 'where something has the name already')
        .choices(conflictRules)
        .default('copy'),
    )
    .option('--strip', 'put the contents of the paths straight into the directory or archive')
    .option('--delete', 'also remove what the point does not hold; replaces what differs')
    .option('--yes', 'with --delete: do not ask')
    .option('--verify', 'read back each file that was written, and compare')
    .option('--dry-run', 'say what would be made, and make nothing')
    .option('--no-owner', 'all belongs to whoever restores')
    .option('--numeric-ids', 'give owners by number, not by name')
    .option('--privileged', 'also setuid, setgid, file capabilities and devices')
    .option('--no-acl', 'restore no access control lists')
    .option('--no-xattrs', 'restore no other extended attributes')
    .addOption(threadsOption('open what was fetched and write small files'))
    .action(async (paths: readonly string[], flags: RestoreFlags, command: Command) => {
      checkFlags(flags, context)
      const onConflict = conflictRuleOf(flags, command)
      await withPoint(context, { text: flags.point, command }, async (opened, agent) => {
        const { repository, state, heldKey } = agent
        const { manifest, chunks, tree } = opened
        const point: ReadablePoint = {
          root: manifest.root,
          include: manifest.selection.include.map(splitPath),
          tree,
        }
        const plan = await planWithPatterns(point, {
          ...(await wantedOf(paths, opened, context.host)),
          strip: flags.strip === true,
          signal: context.signal,
        })
        const totals = paths.length === 0 ? totalsOf(manifest) : {}
        const archive = archiveFileOf(flags)
        if (archive !== undefined) {
          const whole = { ...archive, opened, point, plan, totals, flags }
          await asRestoreJob(context, { agent, facts: opened.facts }, (job) =>
            restoreAsArchive(context, whole, job),
          )
          return
        }
        const { repositoryId, keys } = repository
        const writing = { heldKey: heldKey.bytes, repositoryId, epoch: keys.currentEpoch }
        const options: RestoreOptions = {
          to: flags.to === undefined ? '/' : resolve(context.host.cwd(), flags.to),
          chunks,
          system: systemCalls(),
          random: systemRandom,
          nowMs: systemClock.now(),
          signal: context.signal,
          onConflict,
          startWriters: (parts) =>
            startWriters({ ...writing, threads: flags.threads ?? usualThreads() }, parts),
          readsBack: flags.verify === true,
          nameOf: (plaintext) => chunkId(repository.keys, 1, plaintext),
          attributes: {
            owner: flags.owner,
            acls: flags.acl,
            xattrs: flags.xattrs,
            privileged: flags.privileged === true,
            ownerOf: flags.numericIds === true ? numericOwners : await namedOwners(manifest),
          },
        }
        const restore: Restore = { facts: opened.facts, manifest, point, plan, options, totals }
        const mirror = flags.delete && (await planMirror(context, { opened, state, plan, options }))
        if (flags.dryRun === true) await sayPlan(context, restore)
        mirror?.sayPlan()
        if (flags.dryRun === true) return
        if (flags.yes !== true) await mirror?.confirm()
        await asRestoreJob(context, { agent, facts: opened.facts }, (job) =>
          carryOut(context, restore, { mirror, job }),
        )
        if (flags.to !== undefined) await warnInsideSources(context, state, options.to)
      })
    })
}

const asRestoreJob = (
  context: CommandContext,
  { agent, facts }: { readonly agent: OpenAgent; readonly facts: PointFacts },
  work: (job: OpenJob) => Promise<RestoreResult>,
): Promise<RestoreResult> =>
  asJob(context, agent, {
    kind: { kind: 'restore', source: facts.source },
    work: async (job) => {
      const result = await work(job)
      const noted = restoreFacts(result)
      job.note({ ...noted, pointId: facts.id, ...(noted.leftOut && { outcome: 'left-out' }) })
      return result
    },
  })

/** A mirror has the versions of the point, so it replaces unless told otherwise. @throws BackupError `usage` */
function conflictRuleOf(flags: RestoreFlags, command: Command): ConflictRule {
  if (flags.delete !== true) return flags.onConflict
  if (command.getOptionValueSource('onConflict') === 'default') return 'overwrite'
  if (flags.onConflict !== 'copy') return flags.onConflict
  throw new BackupError('usage', '--delete makes a mirror, and --on-conflict copy keeps both.')
}

/** @throws BackupError `usage` */
function checkFlags(flags: RestoreFlags, context: CommandContext): void {
  const { to, inPlace, strip } = flags
  const { host } = context
  const archive = archiveFileOf(flags)
  if (archive !== undefined) {
    checkArchiveFile(archive, context)
    return
  }
  if ((to === undefined) === (inPlace === undefined)) {
    throw new BackupError(
      'usage',
      'Say where to restore: --to DIRECTORY, --in-place, --as-tar FILE or --as-zip FILE.',
      { hint: 'Into a directory of its own, for example: --to restored' },
    )
  }
  if (inPlace === true && strip === true) {
    throw new BackupError('usage', '--strip goes with --to, --as-tar and --as-zip only.')
  }
  if (inPlace === true && host.platform === 'win32') {
    throw new BackupError('usage', '--in-place is not there on Windows yet.', {
      hint: 'Restore with --to D:\\ --strip D:\\ for one volume after the other.',
    })
  }
}

const totalsOf = ({ statistics }: Manifest) => ({
  totalFiles: statistics.files,
  totalBytes: statistics.fileBytes,
})

async function carryOut(
  context: CommandContext,
  restore: Restore,
  { mirror, job }: { readonly mirror: Mirror | undefined; readonly job: OpenJob },
): Promise<RestoreResult> {
  const { output, host } = context
  const { point, plan, options } = restore
  const progress = createProgress(output, host.stderr)
  try {
    const result = await restorePoint(point, plan, {
      ...options,
      observer: {
        onProgress: (now) => {
          const { files, bytesRestored: bytes } = now
          progress.update({ what: options.to, files, bytes, ...restore.totals })
          job.note(restoreFacts(now))
        },
        onFailure: (failure) => {
          progress.stop()
          mirror?.noteFailure(failure)
          sayFailure(context, failure, restore.manifest)
        },
        onRenamed: (path, name) => {
          sayRenamed(context, { path, name }, restore.manifest)
        },
        onOwnerKept: (path) => {
          sayOwnerKept(context, path, restore.manifest)
        },
      },
    })
    progress.stop()
    job.note({ phase: 'ending' })
    const mirrored = await mirror?.removeAll()
    const durationMs = systemClock.now() - options.nowMs
    saySummary(context, restore, { result, mirrored, durationMs })
    return result
  } finally {
    progress.stop()
  }
}
