/** The master key for somebody's safe: a text that names what it opens, encrypted to an age recipient (X25519). */

import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { Secret } from '../../base/secret.ts'
import { deriveKeys } from '../../crypto/keys.ts'
import { openConfig } from '../../repository/repository.ts'
import type { Registration } from '../state/state.ts'

const title = 'Master key of a backup repository: it opens every recovery point.'

/** Armored. @throws BackupError `usage` for what is no recipient */
export async function sealEscrow(
  masterKey: Secret,
  registration: Registration,
  recipient: string,
): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  try {
    encrypter.addRecipient(recipient)
  } catch (error) {
    throw new BackupError('usage', `Not a recipient of age: ${JSON.stringify(recipient)}.`, {
      hint: 'age-keygen shows one; it begins with age1.',
      cause: error,
    })
  }
  return armor.encode(await encrypter.encrypt(utf8(textOf(masterKey, registration))))
}

function textOf(masterKey: Secret, registration: Registration): string {
  const { vaultName, machineName, repository, repositoryId } = registration
  return [
    title,
    `vault: ${vaultName}`,
    `machine: ${machineName}`,
    `repository: ${repository} ${repositoryId}`,
    `key: ${toHex(masterKey.bytes)}`,
    '',
  ].join('\n')
}

/** `config`: the machine's copy, which only its own key opens. @throws BackupError `state-damaged`, `usage` */
export function keyOfEscrow(text: string, registration: Registration, config: Uint8Array): Secret {
  const key = fromHex(/^key: ([0-9a-f]{64})$/m.exec(text)?.[1] ?? '-')
  if (!text.startsWith(title) || key === undefined) {
    throw notOurs('The file holds no decrypted escrow of a master key.')
  }
  const { repositoryId, config: number } = registration
  try {
    openConfig(config, number, deriveKeys(key, fromHex(repositoryId) ?? new Uint8Array(32)))
    return new Secret(key)
  } catch (error) {
    key.fill(0)
    if (errorCodeOf(error) === undefined) throw error
    throw notOurs("The file holds another key than this machine's.", error)
  }
}

const notOurs = (message: string, cause?: unknown): BackupError =>
  new BackupError('usage', message, {
    hint: 'Decrypt the escrow of this machine first: age -d -i IDENTITY escrow.age > FILE',
    cause,
  })
