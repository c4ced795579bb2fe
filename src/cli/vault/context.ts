/** What a command of `backup-vault` is given. */

import type { Command } from 'commander'
import type { Writable } from 'node:stream'
import type { Output } from '../render/output.ts'

/** The parts of `process` that commands use. */
export interface Host {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly stdout: Writable
  readonly stderr: Writable
  readonly getuid?: (() => number) | undefined
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

export interface CommandContext {
  readonly host: Host
  readonly output: Output
}

/** Where the vault is: `--dir`, or its environment variable, or the place that this system has for such things. */
export const directoryOf = (command: Command): string =>
  command.optsWithGlobals<{ dir: string }>().dir
