/** Preloaded into a command: kills it, as kill -9 does, before its n-th change of a file that is kept, n in `KILL_AT`. */

import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const killAt = Number(process.env['KILL_AT'])
let step = 0

function beforeStep() {
  step += 1
  if (step === killAt) process.kill(process.pid, 'SIGKILL')
}

const isKept = (path) => /\.(key|json|pending)|\.tmp-|\/(slot|config)/.test(String(path))
const isWriting = (flags) => typeof flags === 'string' && /[wa+]/.test(flags)

for (const name of ['rename', 'link', 'rm', 'unlink', 'open']) {
  const call = promises[name]
  promises[name] = (...words) => {
    if (isKept(words[0]) && (name !== 'open' || isWriting(words[1]))) beforeStep()
    return call.apply(promises, words)
  }
}
syncBuiltinESMExports()
