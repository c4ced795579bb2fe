/** No key at rest: each time the passphrase opens the copy of the key slot that lies in the state directory. */

import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { exists, readBounded } from '../../base/files.ts'
import { isMadeOf } from '../../crypto/held-key.ts'
import { openSlot } from '../../crypto/slot.ts'
import { decodeSlot, maxSlotBytes } from '../../model/slot.ts'
import { differentKey, type KeyStore } from './key-store.ts'

export interface AskedKeyStoreOptions {
  readonly slotCopy: string
  /** It is disposed of after use. */
  readonly passphrase: () => Promise<Secret>
}

export function askedKeyStore({ slotCopy, passphrase }: AskedKeyStoreOptions): KeyStore {
  const slot = async () => {
    if (!(await exists(slotCopy))) throw noSlot(slotCopy)
    return decodeSlot(await readBounded(slotCopy, maxSlotBytes))
  }
  const load = async () => {
    const stored = await slot()
    const secret = await passphrase()
    try {
      return await openSlot(stored, secret)
    } finally {
      secret.dispose()
    }
  }
  return {
    kind: 'none',
    save: async (key) => {
      const opened = await load()
      const isSame = isMadeOf(key, opened, (await slot()).repositoryId)
      opened.dispose()
      if (!isSame) throw differentKey('The key slot')
    },
    load,
    remove: () => Promise.resolve(),
  }
}

const noSlot = (path: string): BackupError =>
  new BackupError('state-damaged', `The copy of the key slot, ${path}, is gone.`, {
    hint: 'backup passphrase verify fetches it from the vault again.',
  })
