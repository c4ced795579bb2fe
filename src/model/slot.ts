/** Key slots: the master key sealed under a passphrase, and how the passphrase is stretched (docs/format.md 2.1). */

import { concatBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { decodeCbor, encodeCbor, fieldsOf, type CborValue } from './cbor.ts'
import { idBytes, machineIdOf, vaultIdOf, type MachineId, type VaultId } from './ids.ts'
import { withoutSum, withSum } from './record-sum.ts'

export interface Argon2Parameters {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** What new slots get (docs/format.md 2.1). */
export const defaultArgon2: Argon2Parameters = { memoryKiB: 262_144, passes: 3, lanes: 1 }

/** All that a slot says before it is sealed: what the sealed key is bound to. */
export interface SlotHead {
  readonly argon2: Argon2Parameters
  /** 32 bytes. */
  readonly salt: Uint8Array
  readonly vaultId: VaultId
  readonly machineId: MachineId
  readonly repository: number
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly slot: number
  /** Ed25519, 32 bytes: proof of the passphrase. */
  readonly authPublicKey: Uint8Array
  readonly createdMs: number
}

export interface Slot extends SlotHead {
  /** 48 bytes. */
  readonly sealedMasterKey: Uint8Array
  /** 32 bytes. */
  readonly commitment: Uint8Array
}

export const maxSlotBytes = 4096
const commitmentBytes = 32

/** The CBOR map of keys 0 to 10: what the sealed key is bound to. */
export const encodeSlotHead = (head: SlotHead): Uint8Array<ArrayBuffer> =>
  encodeCbor(new Map(headFields(head)))

/** The CBOR map of keys 0 to 11: what the commitment covers. */
export const encodeSlotBody = (
  head: SlotHead,
  sealedMasterKey: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  encodeCbor(new Map<number, CborValue>([...headFields(head), [11, sealedMasterKey]]))

const headFields = (head: SlotHead): [number, CborValue][] => [
  [0, 1],
  [1, 1],
  [
    2,
    new Map([
      [0, head.argon2.memoryKiB],
      [1, head.argon2.passes],
      [2, head.argon2.lanes],
    ]),
  ],
  [3, head.salt],
  [4, idBytes(head.vaultId)],
  [5, idBytes(head.machineId)],
  [6, head.repository],
  [7, head.repositoryId],
  [8, head.slot],
  [9, head.authPublicKey],
  [10, head.createdMs],
]

export const encodeSlot = (slot: Slot): Uint8Array<ArrayBuffer> =>
  withSum(concatBytes(encodeSlotBody(slot, slot.sealedMasterKey), slot.commitment))

/** Checks everything that needs no key, the bounds of Argon2 among them; `allowWeak` admits less memory than writers use. */
export function decodeSlot(bytes: Uint8Array, allowWeak = false): Slot {
  const signed = withoutSum(bytes, 'The key slot', maxSlotBytes)
  if (signed.length <= commitmentBytes) throw malformed('it is too short')
  const fields = fieldsOf(
    decodeCbor(signed.subarray(0, signed.length - commitmentBytes)),
    'a key slot',
  )
  if (fields.uint(0) !== 1 || fields.uint(1) !== 1) {
    throw new BackupError(
      'unsupported-format',
      'The key slot is of a version or kind that this program does not know.',
      {
        hint: 'Install a newer version of this program.',
      },
    )
  }
  const argon2Fields = fieldsOf(fields.map(2), 'the parameters of a key slot')
  const argon2 = {
    memoryKiB: argon2Fields.uint(0),
    passes: argon2Fields.uint(1),
    lanes: argon2Fields.uint(2),
  }
  argon2Fields.finish()
  const slot: Slot = {
    argon2,
    salt: fields.bytes(3, 32),
    vaultId: vaultIdOf(fields.bytes(4)),
    machineId: machineIdOf(fields.bytes(5)),
    repository: fields.uint(6),
    repositoryId: fields.bytes(7, 32),
    slot: fields.uint(8),
    authPublicKey: fields.bytes(9, 32),
    createdMs: fields.uint(10),
    sealedMasterKey: fields.bytes(11, 48),
    commitment: signed.subarray(signed.length - commitmentBytes),
  }
  fields.finish()
  checkArgon2(argon2, allowWeak)
  return slot
}

/** A hostile vault must not make a reader take all memory, nor make guessing cheap. @throws BackupError `malformed` */
export function checkArgon2(
  { memoryKiB, passes, lanes }: Argon2Parameters,
  allowWeak = false,
): void {
  const least = allowWeak ? 65_536 : defaultArgon2.memoryKiB
  const fits =
    memoryKiB >= least &&
    memoryKiB <= 1_048_576 &&
    passes >= 3 &&
    passes <= 10 &&
    lanes >= 1 &&
    lanes <= 4
  if (fits) return
  throw new BackupError(
    'malformed',
    `The key slot asks for ${memoryKiB} KiB, ${passes} passes, ${lanes} lanes: outside the limits.`,
    { hint: 'No program of this product writes such a slot: do not trust this vault.' },
  )
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a key slot of this format: ${why}.`)
