/** Machines as an operator sees and removes them. Nothing here deletes what a machine has kept. */

import { BackupError } from '../../base/errors.ts'
import type { VaultId } from '../../model/ids.ts'
import { certificatesOf, type Certificate } from '../catalog/certificates.ts'
import { clonedAtOf } from '../catalog/lineages.ts'
import { findMachine, listMachines, type Machine } from '../catalog/machines.ts'
import { giveUpData } from '../retention/give-up.ts'
import type { OperatorContext } from './context.ts'

export interface MachineQuery {
  /** All vaults, if not said. */
  readonly vaultId?: VaultId | undefined
  /** Its name, or the beginning of its id (4 digits at least). */
  readonly machine: string
  /** Machines that count, where no active one fits; active ones if not said. */
  readonly also?: readonly ('retired' | 'deleted')[]
}

/** @throws BackupError `not-found`; `usage` where several fit */
export async function oneMachine(context: OperatorContext, query: MachineQuery): Promise<Machine> {
  const all = await listMachines(context.catalog, query.vaultId)
  const fitting = all.filter((machine) => fits(machine, query.machine))
  const active = fitting.filter((machine) => machine.state === 'active')
  const others = fitting.filter(({ state }) => state !== 'active' && query.also?.includes(state))
  const candidates = active.length > 0 ? active : others
  const [found, second] = candidates
  if (found === undefined) throw noMachine(query, fitting)
  if (second !== undefined) throw severalMachines(query, candidates)
  return found
}

const fits = (machine: Machine, text: string): boolean =>
  machine.name === text || (/^[0-9a-f]{4,32}$/.test(text) && machine.id.startsWith(text))

function noMachine(query: MachineQuery, gone: readonly Machine[]): BackupError {
  const what = JSON.stringify(query.machine)
  const message =
    gone.length === 0 ? `There is no machine ${what}.` : `The machine ${what} is ${gone[0]?.state}.`
  return new BackupError('not-found', message, {
    hint: 'backup-vault machines list shows those there are.',
  })
}

const severalMachines = (query: MachineQuery, machines: readonly Machine[]): BackupError =>
  new BackupError('usage', `Several machines fit ${JSON.stringify(query.machine)}.`, {
    hint: `Say the id: ${machines.map((machine) => machine.id.slice(0, 12)).join(', ')}.`,
    facts: { ids: machines.map((machine) => machine.id) },
  })

/** Its certificates are refused from the next request on; its name stays taken. Returns how many were good until now. */
export async function revokeMachine(context: OperatorContext, machine: Machine): Promise<number> {
  let revoked = 0
  for (;;) {
    const written = await context.log.append(async () => {
      const [good] = await unrevoked(context, machine)
      return good && { kind: 'certificate-revoked', fingerprint: good.fingerprint }
    })
    if (written === undefined) return revoked
    revoked += 1
  }
}

/**
 * Revokes it and frees its name. Its points stay where they are, but are not handed out any more; given up, they go when
 * their locks end.
 * @throws BackupError `retention-refused` where the data can not be given up: then nothing is changed
 */
export async function deleteMachine(
  context: OperatorContext,
  machine: Machine,
  { isDataGivenUp }: { readonly isDataGivenUp: boolean } = { isDataGivenUp: false },
): Promise<void> {
  if (isDataGivenUp) await giveUpData(context, { vaultId: machine.vaultId, machineId: machine.id })
  await context.log.append(async () => {
    const current = await findMachine(context.catalog, machine.id)
    return current?.state === 'deleted'
      ? undefined
      : { kind: 'machine-deleted', machineId: machine.id }
  })
  await revokeMachine(context, machine)
}

const unrevoked = async (context: OperatorContext, machine: Machine): Promise<Certificate[]> =>
  (await certificatesOf(context.catalog, machine.id)).filter((one) => one.revokedAt === null)

export interface MachineSummary extends Machine {
  /** `revoked`, `expired`: it counts, but has no certificate that is good. */
  readonly standing: 'active' | 'revoked' | 'expired' | 'retired' | 'deleted'
  readonly certificateUntil: number | null
  readonly points: number
  readonly lastPointAt: number | null
  readonly storedBytes: number
  /** When two copies of it were last seen at work. */
  readonly clonedAt: number | null
}

export async function summarizeMachines(
  context: OperatorContext,
  vaultId?: VaultId,
): Promise<MachineSummary[]> {
  const summaries: MachineSummary[] = []
  for (const machine of await listMachines(context.catalog, vaultId)) {
    summaries.push(await summarize(context, machine))
  }
  return summaries
}

async function summarize(context: OperatorContext, machine: Machine): Promise<MachineSummary> {
  const certificates = await unrevoked(context, machine)
  const ends = certificates.filter((one) => one.access === 'full').map((one) => one.notAfter)
  const certificateUntil = ends.length === 0 ? null : Math.max(...ends)
  return {
    ...machine,
    standing: standingOf(machine, certificateUntil, context.clock.now()),
    certificateUntil,
    ...(await pointsOf(context, machine)),
    storedBytes: await storedBytesOf(context, machine),
    clonedAt: await clonedAtOf(context.catalog, machine.id),
  }
}

function standingOf(
  machine: Machine,
  certificateUntil: number | null,
  nowMs: number,
): MachineSummary['standing'] {
  if (machine.state !== 'active') return machine.state
  if (certificateUntil === null) return 'revoked'
  return certificateUntil <= nowMs ? 'expired' : 'active'
}

async function pointsOf(context: OperatorContext, machine: Machine) {
  const row = await context.catalog
    .selectFrom('points')
    .select((of) => [
      of.fn.countAll<number>().as('points'),
      of.fn.max('committedAt').as('lastPointAt'),
    ])
    .where('machineId', '=', machine.id)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('pointStates')
            .select('pointStates.seq')
            .whereRef('pointStates.machineId', '=', 'points.machineId')
            .whereRef('pointStates.source', '=', 'points.source')
            .whereRef('pointStates.seq', '=', 'points.seq')
            .where('pointStates.state', '=', 'removed'),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  return { points: row.points, lastPointAt: row.lastPointAt as number | null }
}

async function storedBytesOf(context: OperatorContext, machine: Machine): Promise<number> {
  const row = await context.catalog
    .selectFrom('objects')
    .select((of) => of.fn.sum<number | null>('sizeBytes').as('bytes'))
    .where('machineId', '=', machine.id)
    .executeTakeFirstOrThrow()
  return row.bytes ?? 0
}
