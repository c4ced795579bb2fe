/** What a backup needs, each looked at by itself. A check that throws has failed, for the reason that the error gives. */

import { X509Certificate } from 'node:crypto'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dayMs, systemClock } from '../../base/clock.ts'
import { exists } from '../../base/files.ts'
import { askLocally, socketPath } from '../../agent/daemon/local-socket.ts'
import { keyFactsOf } from '../../agent/keys/key-facts.ts'
import { facilitiesOf } from '../../agent/schedule/choose.ts'
import { executeOnSystem } from '../../agent/schedule/execute.ts'
import { certificateAge } from '../../agent/register/renew.ts'
import { registrationOf, type AgentState } from '../../agent/state/state.ts'
import type { ServiceAnswer } from '../../protocol/messages.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { keyOf } from './key-store-of.ts'
import { checkClock } from './doctor-clock.ts'
import { ok, skipped, warning, type Finding } from './doctor-finding.ts'
import { checkNotices } from './doctor-notices.ts'
import { checkWatching } from './doctor-watching.ts'
import { withConnection } from './open.ts'
import { jobOf } from './schedule-job.ts'

export interface Check {
  readonly name: string
  /** Names of checks without whose success this one makes no sense. */
  readonly needs: readonly string[]
  look(): Promise<Finding>
}

/** In the order in which one thing rests on another. */
export function checksOf(context: CommandContext, state: AgentState): readonly Check[] {
  let asked: Promise<ServiceAnswer> | undefined
  const service = () =>
    (asked ??= withConnection(context, ({ connection }) => connection.service(), {
      ...{ retryForMs: 0, renewFrom: 'never' },
    }))
  const registered = ['registration']
  return [
    { name: 'state', needs: [], look: () => checkState(state) },
    { name: 'registration', needs: [], look: () => checkRegistration(state) },
    { name: 'key', needs: registered, look: () => checkKey(context, state) },
    { name: 'certificate', needs: registered, look: () => checkCertificate(state) },
    { name: 'vault', needs: registered, look: () => checkVault(state, service) },
    { name: 'clock', needs: registered, look: () => checkClock(context, state, service) },
    { name: 'sources', needs: registered, look: () => checkSources(state) },
    { name: 'schedule', needs: registered, look: () => checkSchedule(context, state) },
    { name: 'watching', needs: registered, look: () => checkWatching(context, state) },
    { name: 'notices', needs: registered, look: () => checkNotices(state) },
  ]
}

const scarceBytes = 512 * 1024 * 1024

async function checkState({ directory }: AgentState): Promise<Finding> {
  if (!(await exists(directory))) return ok(`${directory} is made by the registration`)
  const probe = join(directory, `.probe-${process.pid}`)
  await writeFile(probe, 'x', { mode: 0o600 })
  await rm(probe)
  const { bavail, bsize } = await statfs(directory)
  const freeBytes = bavail * bsize
  if (freeBytes >= scarceBytes)
    return ok(`${directory} can be written, ${sizeText(freeBytes)} free`)
  return warning(
    `Where ${directory} lies only ${sizeText(freeBytes)} are free.`,
    'Make room: the cache of a large source needs some hundred MiB.',
  )
}

async function checkRegistration(state: AgentState): Promise<Finding> {
  const { machineName, vaultName, address, port, access } = await registrationOf(state)
  const how = access === 'full' ? '' : ', to read only'
  return ok(`${machineName}, with the vault ${vaultName} at ${address}:${port}${how}`)
}

async function checkKey(context: CommandContext, state: AgentState): Promise<Finding> {
  const registration = await registrationOf(state)
  const key = await keyOf(context, state, registration)
  key.dispose()
  const { place, store, hardened, epoch } = keyFactsOf(registration, state.paths)
  const mode = hardened ? `, hardened in epoch ${epoch}` : ''
  return ok(`opens; it is in ${place} (${store}${mode})`)
}

async function checkCertificate(state: AgentState): Promise<Finding> {
  const { certificate, access } = await registrationOf(state)
  const { validTo } = new X509Certificate(certificate)
  const leftMs = Date.parse(validTo) - systemClock.now()
  const until = localTimeText(Date.parse(validTo))
  // A recovery has thirty days from the first, and is not renewed.
  const isGood = access === 'full' ? leftMs > 30 * dayMs : leftMs > 0
  if (isGood) return ok(`good until ${until}`)
  return warning(
    leftMs > 0 ? `It ends at ${until}.` : `It ended at ${until}.`,
    access === 'full'
      ? 'The next run renews it: backup run'
      : 'Recover again with a new recovery credential: backup recover',
  )
}

/** Asked with an ended certificate it refuses; the run that renews it is not this one. */
async function checkVault(
  state: AgentState,
  service: () => Promise<ServiceAnswer>,
): Promise<Finding> {
  if (certificateAge(await registrationOf(state), systemClock.now()) === 'end') {
    return skipped('is not asked: the certificate has ended')
  }
  const { vaultName, machineName, clonedAt } = await service()
  const answers = `answers, as ${vaultName}, and knows this machine as ${machineName}`
  if (clonedAt === null) return ok(answers)
  return warning(
    `It ${answers}; but another copy of this machine backs up under the same registration.`,
    "Have the vault's operator tell them apart: backup-vault machines split",
  )
}

const readsOnly = ok('nothing to do: this machine reads and restores only')

async function checkSources(state: AgentState): Promise<Finding> {
  if ((await registrationOf(state)).access === 'read-only') return readsOnly
  const policies = Object.entries(await state.loadPolicy())
  const paths = policies.flatMap(([, { include }]) => include)
  if (paths.length === 0) {
    return warning('Nothing is included.', 'Say what to back up: backup policy include PATH')
  }
  const missing: string[] = []
  for (const { bytes, shown } of paths) {
    if (!(await exists(Buffer.from(bytes)))) missing.push(shown)
  }
  if (missing.length === 0) return ok(`${paths.length} paths in ${policies.length} sources`)
  return warning(
    `Not there now: ${missing.join(', ')}`,
    'Mount what is not mounted, or take it out: backup policy include --remove PATH',
  )
}

async function checkSchedule(context: CommandContext, state: AgentState): Promise<Finding> {
  if ((await registrationOf(state)).access === 'read-only') return readsOnly
  const { platform } = context.host
  if ((await askLocally(socketPath(state.directory, platform), 'status')) !== undefined) {
    return ok('the daemon runs')
  }
  const job = await jobOf(context.host, state, false)
  const found: string[] = []
  for (const facility of facilitiesOf(platform)) {
    const installed = await facility.inspect(job, executeOnSystem)
    if (installed === 'on') return ok(`${facility.name} starts what is due`)
    if (installed !== 'absent') found.push(`${facility.name} is ${installed}`)
  }
  return warning(
    found.length > 0 ? `Nothing starts runs: ${found.join(', ')}.` : 'Nothing starts runs.',
    'Have the system do it: backup schedule install',
  )
}
