/** Runs one hook in a group of processes of its own, which ends with its time. */

import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Hook } from '../../policy/hooks.ts'

export interface HookEnd {
  /** Undefined: it did what it should. */
  readonly failure: string | undefined
  /** The last that it wrote, of both streams. */
  readonly tail: string
}

const tailBytes = 4096
/** Between being told to end and being ended. */
const patienceMs = 5000

export function runHook(
  { run, timeLimitMs }: Hook,
  env: Readonly<Record<string, string | undefined>>,
): Promise<HookEnd> {
  const child = spawn(run, {
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    env: { ...env },
  })
  const tail = keepTail([child.stdout, child.stderr])
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined) killGroup(child.pid, signal)
  }
  return new Promise((resolve) => {
    let isOver = false
    let killing: NodeJS.Timeout | undefined
    const timer = setTimeout(() => {
      isOver = true
      kill('SIGTERM')
      killing = setTimeout(() => kill('SIGKILL'), patienceMs)
    }, timeLimitMs)
    const end = (failure: string | undefined) => {
      clearTimeout(timer)
      clearTimeout(killing)
      if (isOver) kill('SIGKILL')
      // What it left in the background may hold these open for long.
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ failure: isOver ? 'took longer than it may' : failure, tail: tail() })
    }
    child.once('error', ({ message }) => end(message))
    child.once('exit', (code, signal) => {
      const failure = signal === null ? `ended with ${code ?? 0}` : `was ended by ${signal}`
      // What it wrote last is still to be read.
      setImmediate(() => end(code === 0 ? undefined : failure))
    })
  })
}

function keepTail(streams: readonly Readable[]): () => string {
  let kept = Buffer.alloc(0)
  for (const stream of streams) {
    stream.on('data', (part: Buffer) => {
      kept = Buffer.concat([kept, part]).subarray(-tailBytes)
    })
  }
  return () => kept.toString('utf8').trim()
}

/** All that the hook started and that did not leave its group; what is gone already needs no signal. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    return
  }
}
