/** Argon2id version 0x13 (RFC 9106), off the main thread. Callers check the bounds before: see model/slot.ts. */

import type { Options } from '@node-rs/argon2'
import { checkArgon2, type Argon2Parameters } from '../../model/slot.ts'

/** The library's enums are ambient and const: these are their numbers. */
const argon2id: unknown = 2
const version13: unknown = 1

/** 32 bytes. `salt`: 32 bytes. @throws BackupError `malformed` before memory is taken, for parameters outside the limits. */
export async function argon2(
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: Argon2Parameters & { readonly allowWeak?: boolean },
): Promise<Uint8Array> {
  checkArgon2(parameters, parameters.allowWeak)
  if (salt.length !== 32) throw new RangeError('a salt has 32 bytes')
  // Most commands never come here, and a native library takes its time to load.
  const { hashRaw } = await import('@node-rs/argon2')
  return hashRaw(passphrase, {
    salt,
    memoryCost: parameters.memoryKiB,
    timeCost: parameters.passes,
    parallelism: parameters.lanes,
    outputLen: 32,
    algorithm: argon2id as NonNullable<Options['algorithm']>,
    version: version13 as NonNullable<Options['version']>,
  })
}
