/** Where the key of a machine lies at rest: one interface, three places. Which one is chosen once and recorded. */

import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'

export const keyStoreKinds = ['os', 'file', 'none'] as const
export type KeyStoreKind = (typeof keyStoreKinds)[number]

/** A store holds one key. Nothing of it makes another key where one is not found. */
export interface KeyStore {
  readonly kind: KeyStoreKind
  /** Comes back when the key is there to stay, and was read back. @throws BackupError `key-unavailable` */
  save(key: Secret): Promise<void>
  /**
   * The caller's own copy, to be overwritten after use.
   * @throws BackupError `key-unavailable` (may be there, does not open now), `state-damaged`, `file-permissions`, `passphrase-wrong`
   */
  load(): Promise<Secret>
  /** Nothing there: no matter. */
  remove(): Promise<void>
}

/** Longest key that a store has to take, in bytes: Windows takes no more than 2,560 characters. */
export const maxKeyBytes = 512

export const recoverHint =
  'Take it from the key slot with the passphrase: backup key-store move file --passphrase-file FILE'

export const differentKey = (what: string): BackupError =>
  new BackupError('key-unavailable', `${what} gave back another key than was put there.`, {
    hint: 'Use another store: --key-store file',
  })
