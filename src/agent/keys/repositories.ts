/** All repositories of a machine, each opened when a point of it is read. The keys of older ones come from the newest one's config. */

import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { isHardened } from '../../crypto/held-key.ts'
import { openPredecessors, type Predecessor } from '../../crypto/predecessors.ts'
import { openRepository, type Repository } from '../../repository/repository.ts'

export interface HeldRepository {
  readonly repository: Repository
  readonly heldKey: Secret
}

export interface Repositories {
  /**
   * @throws BackupError `epoch-closed` for an older one where only the keys of a hardened machine are at hand, `vault-mismatch`
   * for a number whose key is not known
   */
  of(number: number): Promise<HeldRepository>
  /** Overwrites the keys of older ones. */
  dispose(): void
}

export function createRepositories(newest: HeldRepository): Repositories {
  const { connection, number: newestNumber } = newest.repository
  const open = new Map<number, Promise<HeldRepository>>()
  let keys: readonly Predecessor[] | undefined
  const older = async (number: number): Promise<HeldRepository> => {
    keys ??= predecessorsOf(newest)
    const found = keys.find((key) => key.number === number)
    if (found === undefined) throw unknownRepository(number)
    const { masterKey: heldKey, repositoryId } = found
    const repository = await openRepository(connection, { number, repositoryId, heldKey })
    return { repository, heldKey }
  }
  return {
    of: (number) => {
      if (number === newestNumber) return Promise.resolve(newest)
      const opening = open.get(number) ?? older(number)
      open.set(number, opening)
      return opening
    },
    dispose: () => {
      for (const { masterKey } of keys ?? []) masterKey.dispose()
    },
  }
}

/** Empty before the first rotation. To be disposed of after use. @throws BackupError `epoch-closed` without the master key */
export function predecessorsOf({ repository, heldKey }: HeldRepository): readonly Predecessor[] {
  const { config, repositoryId } = repository
  if (config.predecessors === undefined) return []
  if (isHardened(heldKey)) throw closed()
  return openPredecessors(config.predecessors, { masterKey: heldKey, repositoryId })
}

const unknownRepository = (number: number): BackupError =>
  new BackupError('vault-mismatch', `This machine has no key of repository ${number}.`, {
    hint: 'Where its key was changed elsewhere, recover it anew: backup recover',
  })

const closed = (): BackupError =>
  new BackupError(
    'epoch-closed',
    'This machine is hardened: it no longer has the keys of before its key was rotated.',
    { hint: 'The passphrase opens it, from --passphrase-file or BACKUP_PASSPHRASE_FILE.' },
  )
