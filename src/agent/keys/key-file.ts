/** The master key at rest: a file that only its owner can read. */

import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { exists, readSecretFile, replaceFile } from '../../base/files.ts'

const maxBytes = 1024

/** 32 bytes. @throws BackupError `file-permissions`, `state-damaged`; `not-registered` where there is none */
export async function loadMasterKey(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!(await exists(path))) {
    throw new BackupError('state-damaged', `The master key ${path} is gone.`, {
      hint: 'Recover this machine with a recovery credential and the passphrase: backup recover.',
    })
  }
  const text = Buffer.from(await readSecretFile(path, maxBytes)).toString('ascii')
  const key = fromHex(text.trim())
  if (key?.length === 32) return key
  throw new BackupError('state-damaged', `The master key ${path} is damaged.`, {
    hint: 'Recover this machine with a recovery credential and the passphrase: backup recover.',
  })
}

export const saveMasterKey = (path: string, key: Uint8Array): Promise<void> =>
  replaceFile(path, utf8(`${toHex(key)}\n`), 0o600)
