/** Holds of a machine, one of its sources, or one point: set and cleared by the operator alone. */

import { BackupError } from '../../base/errors.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import { listHolds, type Hold } from '../catalog/holds.ts'
import type { Machine } from '../catalog/machines.ts'
import { findPointsByPrefix, sourcesOf, type KnownPoint } from '../catalog/points.ts'
import type { OperatorContext } from './context.ts'

export interface HoldPlace {
  readonly machine: Machine
  /** All of them, if not said. */
  readonly source?: SourceName | undefined
  /** All points, if not said. */
  readonly seq?: number | undefined
}

export interface HoldWords {
  readonly source?: string | undefined
  /** The beginning of its id. */
  readonly point?: string | undefined
}

/** What the operator's words mean. @throws BackupError `unknown-source`, `unknown-point`, `usage` */
export async function holdPlace(
  context: OperatorContext,
  machine: Machine,
  { source, point }: HoldWords,
): Promise<HoldPlace> {
  if (point !== undefined) {
    const found = await onePoint(context, machine, point)
    return { machine, source: found.source, seq: found.seq }
  }
  if (source === undefined) return { machine }
  const known = await sourcesOf(context.catalog, machine.id)
  if (known.some((name) => name === source)) return { machine, source: parseSourceName(source) }
  throw new BackupError('unknown-source', `${machine.name} has no points of a source ${source}.`, {
    hint: `There are points of: ${known.join(', ') || 'none'}.`,
  })
}

async function onePoint(
  { catalog }: OperatorContext,
  machine: Machine,
  text: string,
): Promise<KnownPoint> {
  const isPrefix = /^[0-9a-f]{4,64}$/.test(text)
  const found = isPrefix ? await findPointsByPrefix(catalog, machine.id, text) : []
  const [point, second] = found.filter(({ state }) => state !== 'removed')
  if (point !== undefined && second === undefined) return point
  const many = second !== undefined
  throw new BackupError(
    many ? 'usage' : 'unknown-point',
    `${many ? 'Several points' : 'No point'} of ${machine.name} ${many ? 'begin' : 'begins'} with ${JSON.stringify(text)}.`,
    { hint: 'backup-vault retention plan --all shows the points and their ids.' },
  )
}

export async function setHold(
  context: OperatorContext,
  { machine, source, seq }: HoldPlace,
  note: string,
): Promise<void> {
  if (note.length > 200) throw new BackupError('usage', 'A note has at most 200 characters.')
  const entry = { kind: 'hold-set', machineId: machine.id, source, seq, note } as const
  await context.log.append(() => entry)
}

/** @throws BackupError `not-found` where there is no such hold */
export async function clearHold(
  context: OperatorContext,
  { machine, source, seq }: HoldPlace,
): Promise<void> {
  await context.log.append(async () => {
    const holds = await listHolds(context.catalog, machine.id)
    if (!holds.some((hold) => isOf(hold, { machine, source, seq }))) {
      throw new BackupError('not-found', `There is no such hold of ${machine.name}.`, {
        hint: 'backup-vault hold list shows those there are.',
      })
    }
    return { kind: 'hold-cleared', machineId: machine.id, source, seq }
  })
}

const isOf = (hold: Hold, { source, seq }: HoldPlace): boolean =>
  hold.source === (source ?? '') && hold.seq === (seq ?? 0)
