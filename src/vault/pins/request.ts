/** Requests that need the operator's word: named by a digest that no other machine, operation or body has. */

import { toHex } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { guardedMessage, type GuardedOperation } from '../../protocol/signed.ts'
import type { Namespace } from '../objects/keys.ts'

export interface GuardedRequest {
  readonly space: Namespace
  readonly operation: GuardedOperation
  /** Exactly as it came. */
  readonly body: Uint8Array
}

/** 32 bytes. */
export const digestOf = ({ space, operation, body }: GuardedRequest): Uint8Array =>
  sha256(guardedMessage({ ...space, operation, bodyHash: sha256(body) }))

const codeDigits = 12

/** `3f9a-12bc-77d0`: as much of the digest as people can read to each other. */
export const requestCodeOf = (digest: Uint8Array): string =>
  (toHex(digest).slice(0, codeDigits).match(/.{4}/g) ?? []).join('-')

/** What digests of requests with that code begin with; undefined for what is none. */
export function prefixOfCode(code: string): string | undefined {
  const digits = code.trim().toLowerCase().replaceAll('-', '')
  return new RegExp(`^[0-9a-f]{${codeDigits}}$`).test(digits) ? digits : undefined
}
