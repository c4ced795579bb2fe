/** The key in a file that only its owner can read. */

import { rm } from 'node:fs/promises'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { exists, readSecretFile, replaceFile } from '../../base/files.ts'
import { maxKeyBytes, recoverHint, type KeyStore } from './key-store.ts'

export const fileKeyStore = (path: string): KeyStore => ({
  kind: 'file',
  save: (key) => replaceFile(path, utf8(`${toHex(key)}\n`), 0o600),
  load: () => load(path),
  remove: () => rm(path, { force: true }),
})

async function load(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!(await exists(path))) throw unusable(`The key file ${path} is gone.`)
  const bytes = await readSecretFile(path, 4 * maxKeyBytes)
  const key = fromHex(Buffer.from(bytes).toString('ascii').trim())
  bytes.fill(0)
  if (key === undefined || key.length < 32) throw unusable(`The key file ${path} is damaged.`)
  return key
}

const unusable = (message: string): BackupError =>
  new BackupError('state-damaged', message, { hint: recoverHint })
