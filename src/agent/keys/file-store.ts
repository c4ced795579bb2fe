/** The key in a file that only its owner can read; what it held before is overwritten. */

import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { exists, readSecretFile } from '../../base/files.ts'
import { destroySecretFile, finishReplacing, replaceSecretFile } from '../../base/secret-files.ts'
import { Secret } from '../../base/secret.ts'
import { maxKeyBytes, recoverHint, type KeyStore } from './key-store.ts'

export const fileKeyStore = (path: string): KeyStore => ({
  kind: 'file',
  save: (key) => replaceSecretFile(path, utf8(`${toHex(key.bytes)}\n`)),
  load: () => load(path),
  remove: () => destroySecretFile(path),
})

async function load(path: string): Promise<Secret> {
  await finishReplacing(path)
  if (!(await exists(path))) throw unusable(`The key file ${path} is gone.`)
  const bytes = await readSecretFile(path, 4 * maxKeyBytes)
  const key = fromHex(Buffer.from(bytes).toString('ascii').trim())
  bytes.fill(0)
  if (key === undefined || key.length < 32) throw unusable(`The key file ${path} is damaged.`)
  return new Secret(key)
}

const unusable = (message: string): BackupError =>
  new BackupError('state-damaged', message, { hint: recoverHint })
