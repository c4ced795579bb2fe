/** A plan for a scheduler, as `--dry-run` prints it. */

import type { Plan, Step } from '../../agent/schedule/facility.ts'
import type { CommandContext } from './context.ts'

export function sayPlan({ output }: CommandContext, plan: Plan): void {
  for (const step of plan) {
    output.event({ event: 'step', ...stepFields(step) })
    for (const line of stepLines(step)) output.line(line)
  }
}

function stepFields(step: Step): Readonly<Record<string, unknown>> {
  switch (step.kind) {
    case 'write':
      return { kind: step.kind, path: step.path, text: textOf(step.bytes) }
    case 'remove':
      return { kind: step.kind, path: step.path }
    case 'run':
      return {
        kind: step.kind,
        command: [step.program, ...step.words],
        input: step.input === undefined ? null : textOf(step.input),
      }
  }
}

function stepLines(step: Step): string[] {
  switch (step.kind) {
    case 'write':
      return [`write ${step.path}`, ...indented(step.bytes)]
    case 'remove':
      return [`remove ${step.path}`]
    case 'run':
      return [
        `run ${[step.program, ...step.words].join(' ')}`,
        ...(step.input === undefined ? [] : indented(step.input)),
      ]
  }
}

const indented = (bytes: Uint8Array): string[] =>
  textOf(bytes)
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => `  | ${line}`)

/** The Task Scheduler's file is UTF-16, and says so by its mark. */
const textOf = (bytes: Uint8Array): string =>
  bytes[0] === 0xff && bytes[1] === 0xfe
    ? new TextDecoder('utf-16le').decode(bytes)
    : new TextDecoder().decode(bytes)
