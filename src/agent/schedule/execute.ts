/** Runs a command of the system to its end. */

import { spawn } from 'node:child_process'
import { bufferOf, concatBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'

export interface PlannedCommand {
  readonly program: string
  readonly words: readonly string[]
  /** For its standard input. */
  readonly input?: Uint8Array
  /** Fails where there is nothing to do: no matter. */
  readonly mayFail?: true
}

export interface Executed {
  /** Exit status; undefined: there is no such program, or a signal ended it. */
  readonly code: number | undefined
  readonly stdout: Uint8Array
  readonly stderr: string
}

export type Execute = (command: PlannedCommand) => Promise<Executed>

/** With messages in English, which are understood here. */
export const executeOnSystem: Execute = ({ program, words, input }) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: 'C' }
    const child = spawn(program, words, { env, windowsHide: true })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
    child.on('error', (error) => {
      if (systemCodeOf(error) !== 'ENOENT') reject(error)
      else resolve({ code: undefined, stdout: concatBytes(), stderr: '' })
    })
    child.on('close', (code) => {
      const text = bufferOf(concatBytes(...stderr)).toString()
      resolve({ code: code ?? undefined, stdout: concatBytes(...stdout), stderr: text })
    })
    // A program that ends without reading its input says so by its exit status.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
