/** A security PIN: 8 digits, shown once, and kept as a hash that also holds what it is for. */

import { ascii, concatBytes, equalBytes, viewOf, type RandomBytes } from '../../base/bytes.ts'
import { argon2 } from '../../crypto/primitives/argon2.ts'

const pinDigits = 8
const saltBytes = 32

/** Each of the 10^8 equally likely. */
export function newPin(random: RandomBytes): string {
  const range = 10 ** pinDigits
  const fair = Math.floor(2 ** 32 / range) * range
  for (;;) {
    const number = viewOf(random(4)).getUint32(0, true)
    if (number < fair) return String(number % range).padStart(pinDigits, '0')
  }
}

export const isPin = (text: string): boolean => /^[0-9]{8}$/.test(text)

export interface HashedPin {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** `digest`: of the request that it is for. */
export async function hashPin(
  pin: string,
  digest: Uint8Array,
  random: RandomBytes,
): Promise<HashedPin> {
  const salt = random(saltBytes)
  return { salt, hash: await stretch(pin, digest, salt) }
}

export const isRightPin = async (
  pin: string,
  digest: Uint8Array,
  { salt, hash }: HashedPin,
): Promise<boolean> => equalBytes(await stretch(pin, digest, salt), hash)

/** Slow enough that all PINs can not be tried while one is good, for whoever has read the log. */
const parameters = { memoryKiB: 65_536, passes: 3, lanes: 1, allowWeak: true }

const stretch = (pin: string, digest: Uint8Array, salt: Uint8Array): Promise<Uint8Array> =>
  argon2(concatBytes(ascii(pin), digest), salt, parameters)
