/** A run and the daemon that may watch its source: whatever the daemon is at, the run begins. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { askWatcher } from '../../../../src/agent/journal/ask-watcher.ts'
import { emptyPolicy } from '../../../../src/agent/state/change-policy.ts'
import { parseSourceName, recordHashOf } from '../../../../src/model/ids.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const base = { point: recordHashOf(new Uint8Array(32)), fullMs: 0, hasLinks: false }

const watcherAt = (socket: string) => askWatcher(socket, parseSourceName('files'), emptyPolicy)

/** Somebody listens; `answer` is what they say, undefined: nothing ever. */
async function somebody(answer: string | undefined): Promise<string> {
  const path = join(scratchDirectory(), 'socket')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (answer !== undefined) socket.end(answer)
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(path)
  await once(server, 'listening')
  return path
}

describe.skipIf(process.platform === 'win32')('a run that asks who watches', () => {
  it('looks everywhere where nobody does', async () => {
    const watcher = watcherAt(join(scratchDirectory(), 'none'))
    expect(await watcher.ask()).toEqual({ kind: 'scan', reason: 'not-watched' })
  })

  it('says so where the daemon is there and does not answer, and goes on', async () => {
    const watcher = watcherAt(await somebody(undefined))
    expect(await watcher.ask()).toEqual({ kind: 'scan', reason: 'silent' })
    await watcher.tell('token:1', base)
  })

  it.each(['true\n', 'no JSON\n', ''])('believes no nonsense: %j', async (answer) => {
    const watcher = watcherAt(await somebody(answer))
    expect(await watcher.ask()).toEqual({ kind: 'scan', reason: 'not-watched' })
  })
})
