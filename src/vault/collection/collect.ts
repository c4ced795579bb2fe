/**
 * Collection: gives back the space of what no point needs, beside running backups and without a lock. Machine by machine:
 * mark, empty the trash, fill it. Stopped anywhere and done again it ends the same.
 */

import { hourMs } from '../../base/clock.ts'
import { messageOf, errorCodeOf } from '../../base/errors.ts'
import { listMachines, type Machine } from '../catalog/machines.ts'
import { readMeta, writeMeta } from '../catalog/meta.ts'
import { repositoriesOf } from '../catalog/objects.ts'
import { sightClock } from '../clock/vault-time.ts'
import { softDeleteMs } from '../retention/judge-source.ts'
import { adoptUnknown } from './adopt-unknown.ts'
import type { CollectionContext } from './context.ts'
import { emptyTrash } from './empty-trash.ts'
import { markNeeded } from './mark.ts'
import { trashUnneeded } from './trash-unneeded.ts'

export interface Collected {
  readonly trashed: number
  readonly trashedBytes: number
  readonly broughtBack: number
  readonly purged: number
  /** Machines of which something could not be read: nothing of theirs was touched. */
  readonly skipped: readonly { readonly machineId: string; readonly why: string }[]
}

const everyMs = 20 * hourMs

/** Once a day; undefined where it is not due. */
export async function collectIfDue(context: CollectionContext): Promise<Collected | undefined> {
  const last = Number((await readMeta(context.catalog, 'collectedAt')) ?? 0)
  return Math.abs(context.clock.now() - last) < everyMs ? undefined : await collect(context)
}

/** Undefined where the clock is not believed: then nothing goes. */
export async function collect(context: CollectionContext): Promise<Collected | undefined> {
  const sight = await sightClock(context)
  if (sight.kind === 'suspended') return undefined
  const total = { trashed: 0, trashedBytes: 0, broughtBack: 0, purged: 0 }
  const skipped: { machineId: string; why: string }[] = []
  for (const machine of await listMachines(context.catalog)) {
    try {
      const one = await collectMachine(context, machine, sight.nowMs)
      for (const name of countNames) total[name] += one[name]
    } catch (error) {
      if (errorCodeOf(error) === undefined) throw error
      skipped.push({ machineId: machine.id, why: messageOf(error) })
    }
  }
  await writeMeta(context.catalog, 'collectedAt', String(sight.nowMs))
  return { ...total, skipped }
}

const countNames = ['trashed', 'trashedBytes', 'broughtBack', 'purged'] as const
type Counts = Pick<Collected, (typeof countNames)[number]>

async function collectMachine(
  context: CollectionContext,
  machine: Machine,
  nowMs: number,
): Promise<Counts> {
  const space = { vaultId: machine.vaultId, machineId: machine.id }
  const trashMs = await softDeleteMs(context.catalog, machine.vaultId)
  await adoptUnknown(context, { space, nowMs, trashMs })
  const needed = await markNeeded(context, space)
  const emptied = await emptyTrash(context, { space, needed, nowMs })
  let [trashed, trashedBytes] = [0, 0]
  for (const repository of await repositoriesOf(context.catalog, machine.id)) {
    const place = { space, repository }
    const done = await trashUnneeded(context, { place, needed, nowMs, trashMs })
    trashed += done.objects
    trashedBytes += done.bytes
  }
  return { ...emptied, trashed, trashedBytes }
}
