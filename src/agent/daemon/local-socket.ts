/** Questions to the daemon from the same machine: a socket in the state directory that only its owner can open. A line asks, a line of JSON answers. */

import { chmod, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'

/** Windows has pipes in a room of names of their own. */
export const socketPath = (stateDirectory: string, platform: NodeJS.Platform): string =>
  platform === 'win32'
    ? `\\\\.\\pipe\\backup-agent-${toHex(sha256(utf8(stateDirectory))).slice(0, 32)}`
    : `${stateDirectory}/agent.sock`

/** What sockaddr_un holds on macOS; Linux has four bytes more. */
const longestPathBytes = 103

export const isTooLong = (path: string): boolean => Buffer.byteLength(path) > longestPathBytes

const longestLine = 4096
const patienceMs = 5_000

/** `answer`: to a line. What it gives is said as JSON; where it throws, the connection ends without a word. */
export type Answer = (question: string) => Promise<unknown>

export interface LocalServer {
  close(): Promise<void>
}

/** Whoever calls this holds the daemon's lock: a socket that lies there was left by a dead one. */
export async function serveLocally(path: string, answer: Answer): Promise<LocalServer> {
  const isPipe = path.startsWith('\\\\')
  if (!isPipe) await rm(path, { force: true })
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    void serveOne(socket, answer)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
  if (!isPipe) await chmod(path, 0o600)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

async function serveOne(socket: Socket, answer: Answer): Promise<void> {
  try {
    const question = await lineOf(socket, longestLine)
    const said = question === lifeSign ? true : await answer(question)
    socket.end(`${JSON.stringify(said)}\n`)
  } catch {
    socket.destroy()
  }
}

const longestAnswer = 64 * 1024 * 1024

/** Undefined where nobody answers: no daemon runs. */
export async function askLocally(
  path: string,
  question: string,
  withinMs = patienceMs,
): Promise<unknown> {
  try {
    return await answerTo(path, question, withinMs)
  } catch {
    return undefined
  }
}

/** Answered at once, whatever else the daemon is at. */
const lifeSign = 'alive'
const lifeSignMs = 2_000

/** `silent`: a daemon is there, stopped or stuck. */
export async function lookForLife(path: string): Promise<'alive' | 'silent' | 'nobody'> {
  try {
    await answerTo(path, lifeSign, lifeSignMs)
    return 'alive'
  } catch (error) {
    return error === silence ? 'silent' : 'nobody'
  }
}

async function answerTo(path: string, question: string, withinMs: number): Promise<unknown> {
  const socket = createConnection(path)
  try {
    socket.write(`${question}\n`)
    return JSON.parse(await lineOf(socket, longestAnswer, withinMs)) as unknown
  } finally {
    socket.destroy()
  }
}

const silence = new Error('silent')

/** Rejects where the other side is silent for long, ends before its line does, or says too much. */
function lineOf(socket: Socket, longest: number, withinMs = patienceMs): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let lengthBytes = 0
    socket.setTimeout(withinMs, () => socket.destroy(silence))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
    socket.on('data', (bytes: Buffer) => {
      const end = bytes.indexOf('\n')
      parts.push(end < 0 ? bytes : bytes.subarray(0, end))
      lengthBytes += bytes.length
      if (end >= 0) {
        // What follows may take its time.
        socket.setTimeout(0)
        resolve(Buffer.concat(parts).toString())
      } else if (lengthBytes > longest) socket.destroy(new Error('too long'))
    })
  })
}
