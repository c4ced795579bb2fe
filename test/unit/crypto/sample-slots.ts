/** Key slots with the same bytes on every run. */

import { createSlot } from '../../../src/crypto/slot.ts'
import { parseMachineId, parseVaultId } from '../../../src/model/ids.ts'
import { decodeSlot, type Argon2Parameters, type Slot } from '../../../src/model/slot.ts'
import { Secret } from '../../../src/base/secret.ts'
import { passphraseOf } from '../../../src/model/passphrase.ts'
import { fixedRandom, masterKey, repositoryId } from './fixed-keys.ts'

export const place = {
  vaultId: parseVaultId('a0'.repeat(16)),
  machineId: parseMachineId('b1'.repeat(16)),
  repository: 0,
  repositoryId,
  slot: 0,
  createdMs: 1_700_000_000_000,
}

/** The least that a reader accepts when it is told to. */
export const weak: Argon2Parameters = { memoryKiB: 65_536, passes: 3, lanes: 1 }

export interface SampleSlot {
  readonly passphrase: string
  readonly bytes: Uint8Array
  readonly slot: Slot
}

export async function sampleSlot(
  passphrase: string,
  facts: Partial<typeof place> & { readonly argon2?: Argon2Parameters } = {},
): Promise<SampleSlot> {
  const { random } = fixedRandom(`slot of ${passphrase}`)
  const bytes = await createSlot(
    { passphrase: passphraseOf(passphrase), masterKey: new Secret(masterKey.slice()) },
    { ...place, ...facts },
    random,
  )
  return { passphrase, bytes, slot: decodeSlot(bytes, true) }
}
