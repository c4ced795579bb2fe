/** `backup status`: what this machine knows of itself, without asking the vault. */

import type { Command } from 'commander'
import { keyFactsOf } from '../../agent/keys/key-facts.ts'
import type { PendingRotation } from '../../agent/state/rotation-state.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { isKeyMissing } from './key-store-of.ts'
import { stateOf } from './state-of.ts'
import { sayDaemon } from './status-daemon.ts'

export function addStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('show the registration, the sources and where the key is')
    .action(() => status(context))
}

async function status(context: CommandContext): Promise<void> {
  const { output } = context
  const state = stateOf(context.host)
  const registration = await state.registration.load()
  if (registration === undefined) {
    output.event({ event: 'status', registered: false, stateDirectory: state.directory })
    output.line('Not registered with a vault. Run: backup register --vault-credentials FILE')
    context.endAs('not-registered')
    return
  }
  await sayRegistration(context, state, registration)
  await saySources(context, state)
  await sayDaemon(context, state)
}

async function sayRegistration(
  { output }: CommandContext,
  state: AgentState,
  registration: Registration,
): Promise<void> {
  const { vaultName, machineName, machineId, address, port, access, repository } = registration
  const { store, place, meaning, hardened, epoch } = keyFactsOf(registration, state.paths)
  const isMissing = await isKeyMissing(registration, state)
  output.event({
    event: 'status',
    registered: true,
    vault: vaultName,
    ...{ address, port, access },
    machine: machineName,
    machineId,
    stateDirectory: state.directory,
    key: isMissing ? 'missing' : store,
    keyPlace: place,
    ...{ hardened, epoch, repository },
  })
  output.line(`Machine     ${machineName} (${machineId})`)
  output.line(`Vault       ${vaultName} at ${address}:${port}`)
  output.line(
    `Access      ${access === 'full' ? 'backs up and restores' : 'reads and restores only (recovered)'}`,
  )
  output.line(`Master key  ${isMissing ? 'MISSING: ' : ''}${place} (${store}): ${meaning}`)
  const rotation = await state.rotation.load()
  if (repository > 0 || rotation !== undefined) {
    output.line(`Repository  ${repositoryText(repository, rotation)}`)
  }
  output.line(`State       ${state.directory}`)
}

function repositoryText(repository: number, rotation: PendingRotation | undefined): string {
  const waits = rotation !== undefined && rotation.repository > repository
  const next = waits ? '; another master key waits for its PIN: backup rotate-key' : ''
  if (repository === 0) return `0${next}`
  return `${repository}: the master key was rotated; points of earlier ones stay readable${next}`
}

async function saySources({ output }: CommandContext, state: AgentState): Promise<void> {
  const heads = (await state.heads.load()) ?? {}
  const policies = await state.loadPolicy()
  for (const source of new Set([...Object.keys(policies), ...Object.keys(heads)])) {
    const head = heads[source]
    const paths = policies[source]?.include.map(({ shown }) => shown) ?? []
    output.event({
      event: 'source',
      source,
      include: paths,
      pointId: head?.hash ?? null,
      seq: head?.seq ?? null,
    })
    const last =
      head === undefined
        ? 'no point yet'
        : `last point ${head.hash.slice(0, 12)} (number ${head.seq})`
    output.line(`Source      ${source}: ${last}; ${paths.join(', ')}`)
  }
}
