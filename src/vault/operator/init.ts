/** Making a service, or taking its identity back. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import { makeAuthority } from '../authority/certificates.ts'
import { createIdentity, type ServiceIdentity } from '../authority/identity.ts'
import type { Surroundings } from '../open.ts'

/** New keys and a new service id; nothing is written. `names`: see parseNames. */
export async function makeIdentity(
  names: readonly string[],
  { clock, random }: Surroundings,
): Promise<ServiceIdentity> {
  const serviceId = toHex(random(16))
  const moment = { nowMs: clock.now(), random }
  const authority = await makeAuthority({ serviceId, number: 1 }, moment)
  return { serviceId, names, authorities: [authority] }
}

/**
 * A directory that holds a vault's objects, but not their keys, takes only an identity that is brought back.
 * @throws BackupError `already-exists`
 */
export async function placeIdentity(
  directory: string,
  identity: ServiceIdentity,
  made: 'new' | 'brought-back',
): Promise<void> {
  if (made === 'new' && (await isThere(join(directory, 'objects', 'records')))) {
    throw new BackupError(
      'already-exists',
      `${directory} holds the objects of a vault without its keys.`,
      {
        hint: 'Bring its identity back with --from IDENTITY, or choose another directory.',
      },
    )
  }
  await makeDirectoryDurable(directory)
  if (await createIdentity(directory, identity)) return
  throw new BackupError('already-exists', `There is a vault in ${directory} already.`, {
    hint: 'Choose another directory with --dir.',
  })
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
