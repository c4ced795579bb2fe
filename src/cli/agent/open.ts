/** Where everything that a command of `backup` needs comes together: state, connection, keys, repository. */

import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { readSecretFile } from '../../base/files.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import { repositoryIdOf } from '../../agent/keys/epochs.ts'
import { createRepositories, type Repositories } from '../../agent/keys/repositories.ts'
import { keyOf } from './key-store-of.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import { openRepository, type Repository } from '../../repository/repository.ts'
import type { Throttle } from '../../agent/connection/throttle.ts'
import type { CommandContext, Host } from './context.ts'
import { openLine, type Line, type LineLimits } from './line.ts'
import { masterKeyOf, type Reading } from './reading.ts'
import { stateOf } from './state-of.ts'
import { checkOwnPair, currentRegistration } from './own-certificate.ts'

export interface OpenAgent {
  readonly state: AgentState
  readonly registration: Registration
  readonly connection: VaultConnection
  readonly line: Line
  readonly repository: Repository
  /** The master key, or what a hardened machine has of it. */
  readonly heldKey: Secret
  /** Older ones too, to read: keys of before a rotation are in the config of the newest. */
  readonly repositories: Repositories
}

export type ConnectedAgent = Omit<OpenAgent, 'repository' | 'heldKey' | 'repositories'>

/** Runs `work` with an open repository, and closes the connection whatever happens. @throws BackupError `not-registered` … */
export async function withRepository<T>(
  context: CommandContext,
  work: (agent: OpenAgent) => Promise<T>,
  options: ConnectionOptions = {},
): Promise<T> {
  const open = async (agent: ConnectedAgent) => {
    const { registration, state, connection } = agent
    const { repository: number, epoch, config } = registration
    const { reading } = options
    const heldKey = reading
      ? await masterKeyOf(context, agent, reading)
      : await keyOf(context, state, registration)
    let repositories: Repositories | undefined
    try {
      const secrets = { number, repositoryId: repositoryIdOf(registration), heldKey, epoch }
      const repository = await openRepository(connection, secrets, config)
      repositories = createRepositories({ repository, heldKey })
      return await work({ ...agent, repository, heldKey, repositories })
    } finally {
      repositories?.dispose()
      heldKey.dispose()
    }
  }
  return withConnection(context, open, options)
}

export interface ConnectionOptions extends LineLimits {
  /** How long what fails for the moment is repeated; two minutes, or `BACKUP_RETRY_SECONDS`. */
  readonly retryForMs?: number | undefined
  /** From when on the certificate is renewed; at its end if not said. */
  readonly renewFrom?: 'half-life' | 'never'
  /** Recovery points are read: that needs all keys. */
  readonly reading?: Reading
}

/** The same where no key is needed. */
export async function withConnection<T>(
  context: CommandContext,
  work: (agent: ConnectedAgent) => Promise<T>,
  options: ConnectionOptions = {},
): Promise<T> {
  const state = stateOf(context.host)
  const registration = await currentRegistration(context, state, options.renewFrom ?? 'end')
  const retryForMs = options.retryForMs ?? retryMs(context.host)
  const line = openLine(state, options)
  const { throttle } = line
  const connection = await connect(context, state, { ...registration, retryForMs, throttle })
  try {
    return await work({ state, registration, connection, line })
  } finally {
    line.close()
    await connection.close()
  }
}

const maxKeyBytes = 4096

/** Nothing is sent before the first call. */
export async function connect(
  { host, signal }: CommandContext,
  state: AgentState,
  registration: Registration & { readonly retryForMs: number; readonly throttle?: Throttle },
): Promise<VaultConnection> {
  const { connectToVault } = await import('../../agent/connection/vault-connection.ts')
  const { chooseProxy } = await import('../../agent/connection/proxy.ts')
  const { address, port, authorities, serviceId, vaultId, machineId, certificate } = registration
  const proxy = await chooseProxy({ ...registration.proxy, env: host.env }, address)
  const key = Buffer.from(await readSecretFile(state.paths.machineKey, maxKeyBytes)).toString()
  checkOwnPair(registration, key)
  return connectToVault({
    vault: { address, port, authorities, proxy },
    serviceId,
    vaultId,
    machineId,
    identity: { certificate, key },
    signal,
    retryForMs: registration.retryForMs,
    throttle: registration.throttle,
  })
}

/** How long to go on trying to reach the vault: `BACKUP_RETRY_SECONDS`, two minutes otherwise. */
function retryMs({ env }: Host): number {
  const seconds = Number(env['BACKUP_RETRY_SECONDS'] ?? 120)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : 120_000
}

/** The source that commands mean when none is named. */
export const usualSource = parseSourceName('files')

export const unknownSource = (source: SourceName): BackupError =>
  new BackupError('unknown-source', `There is no source ${source}.`, {
    hint: `Make it with: backup policy include PATH --source ${source}`,
  })
