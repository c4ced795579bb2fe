/** A notice: what became of a run, as it is told. It names no file but in `details`, and holds no secret. */

import type { NoticeKind } from '../../policy/notices.ts'

export interface Notice {
  readonly kind: NoticeKind | 'test'
  /** The same in every try to send it, 32 hexadecimal digits. */
  readonly id: string
  readonly timeMs: number
  readonly machine: string
  readonly vault: string
  readonly source: string
  /** When the missed run was due. */
  readonly missedMs?: number | undefined
  readonly run?: ToldRun | undefined
  readonly details?: NoticeDetails | undefined
}

export interface ToldRun {
  readonly job: string
  readonly error: string | null
  readonly point: string | null
  readonly files: number
  readonly leftOut: number
  readonly bytesRead: number
  readonly bytesSent: number
  readonly bytesStored: number
  readonly durationMs: number
}

/** Only where they are asked for. */
export interface NoticeDetails {
  readonly error: string | null
  /** Paths, the first of them. */
  readonly leftOut: readonly string[]
}

const sentences: Readonly<Record<Notice['kind'], string>> = {
  failure: 'was not backed up',
  warning: 'was backed up, with files left out',
  success: 'was backed up',
  missed: 'was not backed up when it was due; that is made up for now',
  test: 'sends its notices here',
}

const sentenceOf = ({ source, machine, kind }: Notice): string =>
  `The source ${source} of ${machine} ${sentences[kind]}.`

/** Of the body's fields; it counts up when one goes or means something else. */
const bodyVersion = 1

/** The body of a webhook, as docs/operations.md describes it. */
export function webhookBody(notice: Notice): string {
  const { kind, id, machine, vault, source, missedMs, run, details } = notice
  return JSON.stringify({
    version: bodyVersion,
    ...{ notice: kind, id, time: timeText(notice.timeMs), machine, vault, source },
    text: sentenceOf(notice),
    missed: missedMs === undefined ? null : timeText(missedMs),
    run: run === undefined ? null : writtenRun(run),
    ...(details && { details }),
  })
}

const writtenRun = ({ durationMs, ...run }: ToldRun) => ({
  ...run,
  durationSeconds: Math.round(durationMs / 1000),
})

export const mailSubject = ({ kind, source, machine }: Notice): string =>
  `backup: ${kind} (${source} of ${machine})`

export function mailText(notice: Notice): string {
  const { vault, timeMs, missedMs, run, details } = notice
  const lines: [string, string | number | null | undefined][] = [
    ['Vault', vault],
    ['Time', timeText(timeMs)],
    ['Due since', missedMs === undefined ? undefined : timeText(missedMs)],
    ['Job', run?.job],
    ['Error', run?.error],
    ['Point', run?.point],
    ['Files', run?.files],
    ['Left out', run?.leftOut],
    ['Bytes read', run?.bytesRead],
    ['Bytes sent', run?.bytesSent],
    ['Message', details?.error],
  ]
  const facts = lines.flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${`${name}:`.padEnd(12)} ${value}`],
  )
  const paths = (details?.leftOut ?? []).map((path) => `  ${path}`)
  const named = paths.length === 0 ? [] : ['', 'Left out:', ...paths]
  return [sentenceOf(notice), '', ...facts, ...named, ''].join('\n')
}

const timeText = (ms: number): string => new Date(ms).toISOString()
