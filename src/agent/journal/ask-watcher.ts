/** A run asks the daemon what changed, and tells it what its point holds. Whatever goes wrong there: it looks everywhere. */

import { fromBase64Url } from '../../base/bytes.ts'
import type { SourceName } from '../../model/ids.ts'
import type { WatchAnswer, Watched } from '../backup/watched.ts'
import { askLocally, lookForLife } from '../daemon/local-socket.ts'
import type { SourcePolicy } from '../state/policy-state.ts'
import { answerSchema, type Answer, type Question } from './messages.ts'
import { policyDigest, watchedSourceOf } from './watched-source.ts'

/** A daemon that gives signs of life is worth waiting for a little: more than it takes itself. */
const withinMs = 20_000

export function askWatcher(socket: string, source: SourceName, policy: SourcePolicy): Watched {
  const ask = (question: Question) => askLocally(socket, JSON.stringify(question), withinMs)
  return {
    ask: async () => {
      if (policy.watch?.enabled === false) return { kind: 'scan', reason: 'off' }
      const life = await lookForLife(socket)
      if (life === 'nobody') return { kind: 'scan', reason: 'not-watched' }
      if (life === 'silent') return { kind: 'scan', reason: 'silent' }
      const digest = policyDigest(watchedSourceOf(source, policy))
      const answer = answerSchema.safeParse(await ask({ ask: 'changes', source, policy: digest }))
      return answer.success ? inBytes(answer.data) : { kind: 'scan', reason: 'not-watched' }
    },
    tell: async (token, base) => {
      if ((await lookForLife(socket)) !== 'alive') return
      await ask({ ask: 'covered', source, token, base })
    },
  }
}

function inBytes(answer: Answer): WatchAnswer {
  if (answer.kind === 'scan') return answer
  const dirty = answer.dirty.flatMap(({ path, whole }) => {
    const bytes = fromBase64Url(path)
    return bytes === undefined ? [] : [{ path: bytes, whole }]
  })
  if (dirty.length === answer.dirty.length) return { ...answer, dirty }
  return { kind: 'scan', reason: 'not-watched', token: answer.token }
}
