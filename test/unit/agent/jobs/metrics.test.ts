import { describe, expect, it } from 'vitest'
import type { Job } from '../../../../src/agent/jobs/job.ts'
import { metricsText } from '../../../../src/agent/jobs/metrics.ts'
import { parseSourceName } from '../../../../src/model/ids.ts'

const [files, mail] = [parseSourceName('files'), parseSourceName('mail')]

const job = (facts: Partial<Job>): Job => ({
  ...{ id: '0'.repeat(32), kind: 'backup', source: files, pid: 1, phase: 'ended' },
  ...{ startedAt: 1_000_000, endedAt: 1_012_500, outcome: 'done', errorCode: null, pointId: null },
  ...{ files: 7, bytesRead: 300, bytesSent: 200, bytesStored: 100, leftOut: 0, isTold: true },
  ...facts,
})

/** The value of each line that is no comment. */
function valuesOf(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value] = line.split(' ')
      return [name, Number(value)]
    }),
  )
}

describe('the metrics of runs', () => {
  it('say what the last run came to, in the text format', () => {
    const text = metricsText([job({})], [files])
    expect(text).toContain('# TYPE backup_last_run_duration_seconds gauge\n')
    expect(text.endsWith('\n')).toBe(true)
    expect(valuesOf(text)).toEqual({
      'backup_last_run_end_timestamp_seconds{source="files"}': 1012.5,
      'backup_last_success_timestamp_seconds{source="files"}': 1012.5,
      'backup_last_run_duration_seconds{source="files"}': 12.5,
      'backup_last_run_success{source="files"}': 1,
      'backup_last_run_left_out{source="files"}': 0,
      'backup_last_run_files{source="files"}': 7,
      'backup_last_run_read_bytes{source="files"}': 300,
      'backup_last_run_sent_bytes{source="files"}': 200,
      'backup_last_run_stored_bytes{source="files"}': 100,
    })
  })

  it('keep the time of the last success while runs fail or are killed', () => {
    for (const outcome of ['failed', 'interrupted'] as const) {
      const later = job({ startedAt: 2_000_000, endedAt: 2_000_001, outcome })
      const values = valuesOf(metricsText([later, job({ outcome: 'left-out' })], [files]))
      expect(values['backup_last_run_success{source="files"}']).toBe(0)
      expect(values['backup_last_run_end_timestamp_seconds{source="files"}']).toBe(2000.001)
      expect(values['backup_last_success_timestamp_seconds{source="files"}']).toBe(1012.5)
    }
  })

  it('are of runs that have ended, of the sources that were asked for', () => {
    const jobs = [
      job({ outcome: 'running', endedAt: null, startedAt: 9_000_000 }),
      job({ kind: 'verify', source: null, startedAt: 8_000_000 }),
      job({ source: mail, startedAt: 3_000_000, endedAt: 3_000_000 }),
      job({}),
    ]
    expect(metricsText(jobs, [files])).toBe(metricsText([job({})], [files]))
    const both = metricsText(jobs, [files, mail])
    expect(both.match(/# TYPE backup_last_run_success /g)).toHaveLength(1)
    expect(valuesOf(both)['backup_last_run_end_timestamp_seconds{source="mail"}']).toBe(3000)
    expect(metricsText(jobs, [parseSourceName('none')])).toBe('')
  })
})
