/** The service in a few numbers. */

import { countGoodCertificates } from '../catalog/certificates.ts'
import { readClock } from '../catalog/clock.ts'
import { countRefusedPins } from '../catalog/pins.ts'
import { countDamaged } from '../catalog/damaged-objects.ts'
import { readAddress, readLogHead, readMeta, type ServiceAddress } from '../catalog/meta.ts'
import type { OpenVault } from '../open.ts'
import { summarizeMachines } from './machines.ts'
import { summarizeVaults } from './vaults.ts'

export interface ServiceStatus {
  readonly serviceId: string
  readonly address: ServiceAddress | null
  readonly vaults: number
  readonly activeMachines: number
  readonly goodCertificates: number
  readonly points: number
  readonly storedBytes: number
  readonly lastPointAt: number | null
  readonly logRecords: number
  readonly authorityUntil: number
  /** Objects of which no sound copy is there. */
  readonly damagedObjects: number
  /** When everything had been read again the last time; null: not yet. */
  readonly scrubbedAt: number | null
  /** Wrong PINs that came so far: somebody tried what the operator did not allow. */
  readonly refusedPins: number
  /** Machines of which two copies are at work. */
  readonly clonedMachines: number
  /** Suspended: it has jumped, and nothing expires until it is confirmed. */
  readonly clock: 'believed' | 'suspended'
}

export async function serviceStatus(context: OpenVault): Promise<ServiceStatus> {
  const vaults = await summarizeVaults(context)
  const machines = await summarizeMachines(context)
  const head = await readLogHead(context.catalog)
  const { jump } = await readClock(context.catalog)
  const scrubbedAt = await readMeta(context.catalog, 'scrubbedAt')
  const total = (of: (machine: (typeof machines)[number]) => number) =>
    machines.reduce((sum, machine) => sum + of(machine), 0)
  return {
    serviceId: context.authority.serviceId,
    address: (await readAddress(context.catalog)) ?? null,
    vaults: vaults.length,
    activeMachines: machines.filter((machine) => machine.state === 'active').length,
    goodCertificates: await countGoodCertificates(context.catalog, context.clock.now()),
    points: total((machine) => machine.points),
    storedBytes: total((machine) => machine.storedBytes),
    lastPointAt: newest(machines.map((machine) => machine.lastPointAt)),
    logRecords: head.number + 1,
    authorityUntil: context.authority.validUntil(),
    damagedObjects: await countDamaged(context.catalog),
    scrubbedAt: scrubbedAt === undefined ? null : Number(scrubbedAt),
    refusedPins: await countRefusedPins(context.catalog),
    clonedMachines: machines.filter(({ clonedAt }) => clonedAt !== null).length,
    clock: jump === undefined ? 'believed' : 'suspended',
  }
}

function newest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}
