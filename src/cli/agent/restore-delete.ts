/** `backup restore --delete`: what a mirror removes, shown and agreed to before, told after. */

import { realpath } from 'node:fs/promises'
import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { createKept } from '../../agent/restore/mirror/kept.ts'
import { removeSurplus } from '../../agent/restore/mirror/remove.ts'
import { findSurplus, type Surplus } from '../../agent/restore/mirror/surplus.ts'
import type { RestorePlan } from '../../agent/restore/plan.ts'
import type { RestoreFailure } from '../../agent/restore/report.ts'
import type { RestoreOptions } from '../../agent/restore/restore.ts'
import { lstatExact } from '../../agent/source/facts.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { readLeftOut } from '../../model/left-out.ts'
import { pathFields } from '../render/shown-path.ts'
import type { CommandContext } from './context.ts'
import type { OpenedPoint } from './opened-point.ts'
import { askPlain } from './prompt.ts'
import { sayFailure } from './restore-failure.ts'

export interface MirrorRequest {
  readonly opened: OpenedPoint
  readonly state: AgentState
  readonly plan: RestorePlan
  readonly options: RestoreOptions
}

export interface Mirrored {
  readonly removed: number
  /** What could not be removed; everything, where something was not restored. */
  readonly leftOut: number
  readonly isHeldBack: boolean
}

export interface Mirror {
  sayPlan(): void
  /** @throws BackupError `usage` where it is not confirmed */
  confirm(): Promise<void>
  /** Something could not be restored: where it is more than an attribute, nothing is removed. */
  noteFailure(failure: RestoreFailure): void
  removeAll(): Promise<Mirrored>
}

export async function planMirror(context: CommandContext, request: MirrorRequest): Promise<Mirror> {
  const { opened, plan, options } = request
  const { output, signal } = context
  const kept = createKept(await rulesOf(request))
  const surplus = await findSurplus(plan, { to: options.to, kept, signal })
  let isIncomplete = false
  return {
    sayPlan: () => {
      for (const each of surplus) sayItem(context, each, options.to)
    },
    confirm: async () => {
      if (surplus.length === 0) return
      const question = `Restore to ${options.to}, and remove these ${surplus.length} files and directories? Type yes: `
      const answer = await askPlain(context, question, '--yes')
      if (answer.trim().toLowerCase() === 'yes') return
      throw new BackupError('usage', 'Not confirmed. Nothing was done.')
    },
    noteFailure: ({ part }) => {
      isIncomplete ||= part.kind === 'content'
    },
    removeAll: async () => {
      if (isIncomplete) return { removed: 0, leftOut: surplus.length, isHeldBack: true }
      let [removed, leftOut] = [0, 0]
      await removeSurplus(surplus, {
        ...{ to: options.to, system: options.system, signal },
        onRemoved: ({ place, facts }) => {
          removed++
          output.event({ event: 'removed', ...shownPlace(place), type: facts.kind })
        },
        onFailure: (failure) => {
          leftOut++
          sayFailure(context, failure, opened.manifest)
        },
      })
      return { removed, leftOut, isHeldBack: false }
    },
  }
}

export const mirroredText = ({ removed, leftOut, isHeldBack }: Mirrored): string =>
  isHeldBack
    ? 'Nothing was removed: not everything could be restored.'
    : `Removed ${removed} files and directories that the point does not hold${leftOut > 0 ? `; ${leftOut} could not be removed, they are named above` : ''}.`

/** @throws BackupError `usage` where this machine does not know what the source leaves out */
async function rulesOf({ opened, state, options }: MirrorRequest) {
  const { manifest, chunks, facts } = opened
  const policy = (await state.loadPolicy())[facts.source]
  if (policy === undefined) {
    throw new BackupError('usage', `This machine has no policy for the source ${facts.source}.`, {
      hint: 'What the policy leaves out must not be removed. Make it first: backup policy include PATH, backup policy exclude PATTERN.',
    })
  }
  const leftOut: Uint8Array[] = []
  for await (const { path } of readLeftOut(manifest, (page) => chunks.load(page, 4))) {
    leftOut.push(path)
  }
  const now = { include: policy.include.map(({ bytes }) => bytes), exclude: policy.exclude }
  return {
    selections: [manifest.selection, now],
    settings: policy.selection,
    leftOut,
    own: lstatExact(utf8(await realpath(state.directory))),
    nowMs: options.nowMs,
  }
}

function sayItem({ output }: CommandContext, { place, facts }: Surplus, to: string): void {
  const path = shownPlace(place)
  const sizeBytes = facts.kind === 'file' ? facts.sizeBytes : null
  output.event({ event: 'item', action: 'remove', ...path, type: facts.kind, sizeBytes })
  output.line(`${'remove'.padEnd(9)}  ${facts.kind.padEnd(9)}  ${to === '/' ? '' : to}${path.path}`)
}

const shownPlace = (place: Surplus['place']) =>
  pathFields(Buffer.concat(place.flatMap((name) => [Buffer.from('/'), name])))
