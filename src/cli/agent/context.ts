/** What a command of `backup` is given. */

import type { Readable, Writable } from 'node:stream'
import type { ExitName } from '../../base/errors.ts'
import type { Output } from '../render/output.ts'

/** The parts of `process` that commands use. */
export interface Host {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly getuid?: (() => number) | undefined
  cwd(): string
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

export interface CommandContext {
  readonly host: Host
  readonly output: Output
  /** Aborted by SIGINT and SIGTERM, with the error that says so. */
  readonly signal: AbortSignal
  /** Says how a command ended that came to its end, if not simply done. */
  readonly endAs: (name: ExitName) => void
}
