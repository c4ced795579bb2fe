/** What one operator asks for and another allows, and the bytes that both sign (docs/format.md 11.2). */

import { ascii, concatBytes, fromHex, u32, u64, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'

/** What needs a second operator while there are two. */
export type SharedOperation =
  | 'clock-confirm'
  | 'hold-clear'
  | 'immutability-off'
  | 'machine-delete'
  | 'operator-add'
  | 'operator-remove'
  | 'pin'
  | 'soft-delete-shorten'
  | 'vault-delete'

export interface Wanted {
  readonly operation: SharedOperation
  /** Ids and values that say exactly what: two requests with the same subject are the same. */
  readonly subject: string
  /** For people: a sentence, and a line for each thing that it touches. Signed too: what was shown is what is done. */
  readonly text: string
}

export interface SignedRequest {
  /** 16 bytes that no other request has, hexadecimal. */
  readonly id: string
  readonly operation: string
  readonly subject: string
  readonly text: string
  readonly askedBy: string
  readonly expiresAt: number
}

const part = (text: string): Uint8Array => {
  const bytes = utf8(text)
  return concatBytes(u32(bytes.length), bytes)
}

/** 32 bytes; no other service, request, operation, subject, wording, asker or time has them. */
export const digestOfRequest = (serviceId: string, request: SignedRequest): Uint8Array =>
  sha256(
    concatBytes(
      ascii('backup/v1/operator-request'),
      ...[serviceId, request.id].map((id) => fromHex(id) ?? ascii(id)),
      ...[request.operation, request.subject, request.text, request.askedBy].map(part),
      u64(request.expiresAt),
    ),
  )

/** Each with its own label: an asking is no approval. */
export const askMessage = (digest: Uint8Array): Uint8Array =>
  concatBytes(ascii('backup/v1/operator-ask'), digest)

export const approveMessage = (digest: Uint8Array): Uint8Array =>
  concatBytes(ascii('backup/v1/operator-approve'), digest)

const maxDetails = 20
const maxLine = 200

/** A record of the log has room for so much; the subject binds the rest. */
export function textOf(sentence: string, details: readonly string[] = []): string {
  const more = details.length - maxDetails
  const shown = details.slice(0, maxDetails).map((line) => `  ${line}`)
  const lines = [sentence, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])]
  return lines.map((line) => line.replace(/\p{Cc}/gu, '?').slice(0, maxLine)).join('\n')
}
