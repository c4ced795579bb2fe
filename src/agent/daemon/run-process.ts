/**
 * A run in a process of its own: whatever becomes of it (a crash, all memory used up), the daemon goes on, and what it
 * took goes back to the system.
 */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface Program {
  /** Absolute paths: Node, and the script of `backup`. */
  readonly node: string
  readonly script: string
}

export interface RunProcess {
  /** The exit status; null: a signal ended it, or it could not be started. */
  readonly ended: Promise<number | null>
  /** Ends it so that what was sent is kept: at once where it does not end by itself. Resolves when it is gone. */
  stop(): Promise<void>
}

export interface Said {
  readonly stdout: (line: string) => void
  readonly stderr: (line: string) => void
}

/** A run ends within seconds when it is told to, but for what is on its way; killed, it loses no more than that. */
const patienceMs = 25_000

export function startRunProcess(
  { node, script }: Program,
  words: readonly string[],
  said: Said,
): RunProcess {
  const child = spawn(node, [script, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C is the daemon's to pass on, and a daemon that is killed leaves the run to its end.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
  tell(child.stdout, said.stdout)
  tell(child.stderr, said.stderr)
  return {
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await ended
      clearTimeout(timer)
    },
  }
}

function tell(stream: Readable, line: (text: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', line)
}
