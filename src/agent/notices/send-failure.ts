/** Why a notice did not get through, and whether another try may help. */

import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { sleep } from '../../base/flow.ts'

export class SendFailure extends Error {
  readonly isFinal: boolean

  constructor(message: string, isFinal: boolean) {
    super(message)
    this.name = 'SendFailure'
    this.isFinal = isFinal
  }
}

const pausesMs = [1_000, 4_000]

/** Three tries at most. */
export async function inTries(send: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const pauseMs of [...pausesMs, undefined]) {
    try {
      await send()
      return
    } catch (error) {
      const isFinal = error instanceof SendFailure && error.isFinal
      if (isFinal || pauseMs === undefined || signal.aborted) throw error
      await sleep(pauseMs, signal)
    }
  }
}

const mostCharacters = 200

/** In one line: part of it may be the other side's words. */
export function reasonOf(error: unknown): string {
  const said = messageOf(error) || systemCodeOf(error) || 'no reason was given'
  const line = said.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}…` : line
}
