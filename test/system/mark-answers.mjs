/** Preloaded into a vault under strace: writes a line to standard output when an answer is about to be begun, and nothing of it sent. */

import { writeSync } from 'node:fs'
import { ServerResponse } from 'node:http'

const { writeHead } = ServerResponse.prototype

ServerResponse.prototype.writeHead = function (...words) {
  writeSync(1, `answer ${words[0]} ${this.req.method} ${this.req.url}\n`)
  return writeHead.apply(this, words)
}
