/** What is said to the process that asks the key store of the operating system, and what it answers: one JSON object each. */

export type OsRequest =
  | { readonly operation: 'get' | 'delete'; readonly account: string }
  | { readonly operation: 'set'; readonly account: string; readonly secret: string }

export type OsAnswer =
  | { readonly ok: true; readonly secret: string | null }
  /** `absent`: there is no way to ask. `refused`: it was asked, and said no. */
  | { readonly ok: false; readonly reason: 'absent' | 'refused'; readonly message: string }

export function parseOsAnswer(text: string): OsAnswer | undefined {
  try {
    const answer = JSON.parse(text) as Partial<Record<string, unknown>> | null
    if (answer?.['ok'] === true) {
      const secret = answer['secret']
      return typeof secret === 'string' || secret === null ? { ok: true, secret } : undefined
    }
    const { reason, message } = answer ?? {}
    const isKnown = reason === 'absent' || reason === 'refused'
    return isKnown && typeof message === 'string' ? { ok: false, reason, message } : undefined
  } catch {
    return undefined
  }
}
