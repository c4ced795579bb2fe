/** How far a long command has come: one line that is redrawn on a terminal, a plain line now and then elsewhere, events with `--json`. */

import type { Writable } from 'node:stream'
import type { Output } from './output.ts'
import { durationText, sizeText } from './units.ts'

export interface ProgressState {
  /** What is under way, e.g. a path. */
  readonly what: string
  readonly files: number
  readonly bytes: number
  /** Files or bytes at the end, as far as they are known; the larger share counts. */
  readonly totalFiles?: number | undefined
  readonly totalBytes?: number | undefined
}

export interface Progress {
  readonly update: (state: ProgressState) => void
  /** Clears the line: to be called before anything else is written. */
  stop(): void
}

const redrawMs = 200
const plainLineMs = 60_000
const eventMs = 1000

export function createProgress(output: Output, stream: Writable): Progress {
  const isTerminal = 'isTTY' in stream && stream.isTTY === true
  const everyMs = output.json ? eventMs : isTerminal ? redrawMs : plainLineMs
  const startedMs = performance.now()
  let lastMs = isTerminal || output.json ? -Infinity : startedMs
  let isDrawn = false

  const show = (state: ProgressState, nowMs: number) => {
    if (output.json) {
      const { what: path, ...numbers } = state
      output.event({ event: 'progress', path, ...numbers })
    } else if (isTerminal) {
      stream.write(`\r\u001b[K${cut(lineOf(state, nowMs - startedMs), columnsOf(stream))}`)
      isDrawn = true
    } else {
      stream.write(`${lineOf(state, nowMs - startedMs)}\n`)
    }
  }
  return {
    update: (state) => {
      const nowMs = performance.now()
      if (output.quiet || nowMs - lastMs < everyMs) return
      lastMs = nowMs
      show(state, nowMs)
    },
    stop: () => {
      if (isDrawn) stream.write('\r\u001b[K')
      isDrawn = false
    },
  }
}

function lineOf(state: ProgressState, elapsedMs: number): string {
  const rate = state.bytes / Math.max(elapsedMs / 1000, 0.001)
  const parts = [`${state.files} files`, sizeText(state.bytes), `${sizeText(rate)}/s`]
  const share = shareOf(state)
  if (share !== undefined && share > 0.01 && share <= 1) {
    const leftMs = (elapsedMs / share) * (1 - share)
    parts.unshift(`${Math.floor(share * 100)} %`)
    parts.push(`about ${durationText(leftMs)} left`)
  }
  return `${parts.join(', ')}  ${state.what}`
}

function shareOf({ files, bytes, totalFiles, totalBytes }: ProgressState): number | undefined {
  const shares = [
    totalFiles ? files / totalFiles : undefined,
    totalBytes ? bytes / totalBytes : undefined,
  ].filter((share) => share !== undefined)
  return shares.length > 0 ? Math.max(...shares) : undefined
}

const columnsOf = (stream: Writable): number =>
  'columns' in stream && typeof stream.columns === 'number' && stream.columns > 0
    ? stream.columns
    : 80

const cut = (line: string, columns: number): string => {
  const characters = Array.from(line.replace(/\p{Cc}/gu, '?'))
  return characters.length < columns
    ? characters.join('')
    : `${characters.slice(0, columns - 2).join('')}…`
}
