/** Programs of the operating system, run to their end. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ToolEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `input`: all of what the program reads. It is killed where it hangs. */
export async function runTool(
  program: string,
  words: readonly string[],
  input = '',
): Promise<ToolEnd> {
  const child = spawn(program, words, { timeout: 60_000, killSignal: 'SIGKILL' })
  const closed = once(child, 'close') as Promise<[number | null]>
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ])
  return { code, stdout, stderr }
}
