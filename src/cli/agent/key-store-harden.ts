/** `backup key-store harden|soften`: whether this machine keeps its master key, or only what new runs need. */

import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { toHex } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { readBounded } from '../../base/files.ts'
import type { Secret } from '../../base/secret.ts'
import { destroyFile } from '../../base/secret-files.ts'
import { epochOf, monthOf, repositoryIdOf } from '../../agent/keys/epochs.ts'
import { keyStoreSettingsOf } from '../../agent/keys/open-key-store.ts'
import { registrationOf, type AgentState, type Registration } from '../../agent/state/state.ts'
import { hardenKey, isHardened, isMadeOf } from '../../crypto/held-key.ts'
import { newestEpoch } from '../../repository/newest-epoch.ts'
import type { CommandContext } from './context.ts'
import { keyStoreOf } from './key-store-of.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { masterKeyBySlot, type Reading } from './reading.ts'
import { lockOf } from './run-lock.ts'

export function addHarden(parent: Command, context: CommandContext): void {
  const act =
    (work: typeof harden) =>
    (reading: Reading): Promise<void> =>
      withRepository(context, (agent) => withMasterKey(context, agent, { reading, work }))
  parent
    .command('harden')
    .description('give up the master key: what was sent before needs the passphrase from then on')
    .option('--passphrase-file <file>', 'the passphrase, which is proven first')
    .action(act(harden))
  parent
    .command('soften')
    .description('keep the master key again: this machine reads all its points without asking')
    .option('--passphrase-file <file>', 'the passphrase, in a file')
    .action(act(soften))
}

interface Work {
  readonly reading: Reading
  readonly work: (context: CommandContext, agent: OpenAgent, masterKey: Secret) => Promise<void>
}

/** Proves the passphrase: a machine that has given up its key would find out too late that it is another one. */
async function withMasterKey(
  context: CommandContext,
  agent: OpenAgent,
  { reading, work }: Work,
): Promise<void> {
  const { state, heldKey } = agent
  const lock = await lockOf(state)
  const registration = await registrationOf(state)
  const masterKey = await masterKeyBySlot(context, agent, reading)
  try {
    if (!isMadeOf(heldKey, masterKey, repositoryIdOf(registration))) throw otherKey()
    await work(context, { ...agent, registration }, masterKey)
  } finally {
    masterKey.dispose()
    lock.release()
  }
}

const otherKey = (): BackupError =>
  new BackupError('vault-mismatch', "The slot holds another key than this machine's.", {
    hint: 'Nothing was changed. Look which key is right: backup passphrase verify',
  })

/** The key store gives up the master key first: interrupted, the machine is hardened, or says that it is not. */
async function harden(
  context: CommandContext,
  { repository, registration, state, heldKey }: OpenAgent,
  masterKey: Secret,
): Promise<void> {
  refuseUnlockFile(registration)
  const store = keyStoreOf(context, state, registration)
  const reached = epochOf({ registration, heldKey })
  const known = await newestEpoch(repository, registration.authorities)
  const epoch = isHardened(heldKey) ? reached : Math.max(reached, known) + 1
  if (!isHardened(heldKey) && store.kind !== 'none') {
    await store.save(hardenKey(masterKey, repositoryIdOf(registration), epoch))
  }
  await destroyTemporaries(state, masterKey)
  const hardened = registration.hardened ?? { month: monthOf(systemClock.now()) }
  await record(state, registration, { epoch, hardened })
  context.output.event({ event: 'key-hardened', epoch })
  context.output.line(
    `This machine is hardened, in epoch ${epoch}: what was sent before needs the passphrase.`,
  )
}

/** @throws BackupError `usage` */
export function refuseUnlockFile(registration: Pick<Registration, 'keyStore'>): void {
  const settings = keyStoreSettingsOf(registration)
  if (settings.kind !== 'none') return
  if (settings.passphraseFile === undefined && settings.credential === undefined) return
  throw new BackupError(
    'usage',
    'A machine that has its passphrase in a file can not be hardened.',
    {
      hint: 'Put the key elsewhere first, and remove that file: backup key-store move file',
    },
  )
}

/**
 * The epoch stays: nothing is sealed under an earlier one again. Recorded first: interrupted, a machine says that it is not
 * hardened, and is asked for the passphrase where it has not the key.
 */
async function soften(
  context: CommandContext,
  { registration, state, heldKey }: OpenAgent,
  masterKey: Secret,
): Promise<void> {
  const store = keyStoreOf(context, state, registration)
  const epoch = epochOf({ registration, heldKey })
  await record(state, registration, { epoch, hardened: undefined })
  if (store.kind !== 'none') await store.save(masterKey)
  context.output.event({ event: 'key-softened', epoch })
  context.output.line('This machine keeps its master key again.')
}

/** Another process may have renewed the certificate meanwhile. */
const record = (
  state: AgentState,
  registration: Registration,
  key: Pick<Registration, 'epoch' | 'hardened'>,
): Promise<Registration> =>
  state.registration.update((saved) => ({ ...(saved ?? registration), ...key }))

const mostBytes = 4096

/** Of a key file that was being written when its process was killed. */
async function destroyTemporaries({ directory }: AgentState, masterKey: Secret): Promise<void> {
  const forms = [Buffer.from(masterKey.bytes), Buffer.from(toHex(masterKey.bytes))]
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const facts = name.startsWith('.tmp-') ? await lstat(path).catch(() => undefined) : undefined
    if (facts?.isFile() !== true || facts.size > mostBytes) continue
    const bytes = Buffer.from(await readBounded(path, mostBytes))
    if (forms.some((form) => bytes.includes(form))) await destroyFile(path)
    bytes.fill(0)
  }
}
