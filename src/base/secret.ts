/** The one type of secrets: bytes that print as `[secret]`, wherever they come to, and can be overwritten when they were of use. */

import { inspect } from 'node:util'

const shown = '[secret]'

export class Secret {
  readonly #bytes: Uint8Array<ArrayBuffer>
  #isOver = false

  /** Takes the bytes over: whoever made them lets go of them. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes
  }

  /** Not a copy. @throws Error when it is over */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#isOver) throw new Error('A secret is used after it was overwritten.')
    return this.#bytes
  }

  copy(): Secret {
    return new Secret(this.bytes.slice())
  }

  equals(other: Secret): boolean {
    return Buffer.compare(this.bytes, other.bytes) === 0
  }

  /** Overwrites it; more than once is no matter. */
  dispose(): void {
    this.#bytes.fill(0)
    this.#isOver = true
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}

/** An object of keys that prints as a secret does. */
export function concealed<T extends object>(keys: T): T {
  const say = { value: () => shown, enumerable: false }
  return Object.defineProperties(keys, { toJSON: say, toString: say, [inspect.custom]: say })
}
