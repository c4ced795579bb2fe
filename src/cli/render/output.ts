/** Where a command's words go: results to standard output, everything else to standard error; with `--json` one object a line. */

import type { Writable } from 'node:stream'
import { systemCodeOf } from '../../base/errors.ts'

export type EventFields = Readonly<Record<string, unknown>> & { readonly event: string }

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

export interface Output extends OutputOptions {
  /** For machines: a line of JSON, and nothing without `--json`. */
  readonly event: (event: EventFields) => void
  /** The result for people, on standard output. */
  readonly line: (text: string) => void
  /** What is good to know; not with `--quiet`. */
  readonly note: (text: string) => void
  /** What has to be seen, also with `--quiet`; with `--json` an event. */
  readonly warn: (text: string) => void
  /** With `--verbose` only. */
  readonly detail: (text: string) => void
}

export interface Streams {
  readonly stdout: Writable
  readonly stderr: Writable
}

export function createOutput(options: OutputOptions, streams: Streams): Output {
  ignoreClosedPipe(streams.stdout)
  ignoreClosedPipe(streams.stderr)
  const forPeople = (stream: Writable, shown: boolean) => (text: string) => {
    if (shown && !options.json) stream.write(`${text}\n`)
  }
  const event = (fields: EventFields) => {
    if (options.json) streams.stdout.write(`${JSON.stringify(fields)}\n`)
  }
  const warnPeople = forPeople(streams.stderr, true)
  return {
    ...options,
    event,
    line: forPeople(streams.stdout, true),
    note: forPeople(streams.stderr, !options.quiet),
    warn: (text) => {
      warnPeople(text)
      event({ event: 'warning', message: text })
    },
    detail: forPeople(streams.stderr, options.verbose),
  }
}

/** A reader that has seen enough (`| head`) closes the pipe: what follows is dropped, the command goes on. */
function ignoreClosedPipe(stream: Writable): void {
  if (stream.listeners('error').includes(onStreamError)) return
  stream.on('error', onStreamError)
}

function onStreamError(error: Error): void {
  if (systemCodeOf(error) !== 'EPIPE') throw error
}
