import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOutput, type OutputOptions } from '../../../../src/cli/render/output.ts'
import { createProgress, type ProgressState } from '../../../../src/cli/render/progress.ts'
import { capture, type Captured } from './captured.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const mebibyte = 1_048_576
const state = (facts: Partial<ProgressState> = {}): ProgressState => ({
  what: '/home/a',
  files: 10,
  bytes: 10 * mebibyte,
  ...facts,
})

function opened(stderr: Captured, options: Partial<OutputOptions> = {}) {
  const stdout = capture()
  const output = createOutput(
    { json: false, quiet: false, verbose: false, ...options },
    { stdout, stderr },
  )
  return { stdout, stderr, progress: createProgress(output, stderr) }
}

const onTerminal = (columns = 80, options: Partial<OutputOptions> = {}) =>
  opened(capture({ columns }), options)

const clearLine = '\r\u001b[K'

describe('on a terminal', () => {
  it('one line is drawn over and over, at most five times a second', () => {
    const { progress, stderr } = onTerminal()
    progress.update(state())
    vi.advanceTimersByTime(199)
    progress.update(state())
    expect(stderr.text().split(clearLine)).toHaveLength(2)
    vi.advanceTimersByTime(1)
    progress.update(state())
    expect(stderr.text().split(clearLine)).toHaveLength(3)
    expect(stderr.text()).not.toContain('\n')
  })

  it('says files, bytes, rate and what is under way', () => {
    const { progress, stderr } = onTerminal()
    vi.advanceTimersByTime(2_000)
    progress.update(state())
    expect(stderr.text()).toBe(`${clearLine}10 files, 10.0 MiB, 5.00 MiB/s  /home/a`)
  })

  it('says how much is done and the time that is left, by the larger share', () => {
    const { progress, stderr } = onTerminal()
    vi.advanceTimersByTime(30_000)
    progress.update(state({ totalFiles: 100, totalBytes: 40 * mebibyte }))
    expect(stderr.text()).toContain('25 %, 10 files')
    expect(stderr.text()).toContain('about 1 min 30 s left')
  })

  it.each([
    ['nothing is known of the end', {}],
    ['there is more than was expected', { totalFiles: 5 }],
    ['it has hardly begun', { totalFiles: 5_000 }],
    ['nothing was expected', { totalFiles: 0, totalBytes: 0 }],
  ])('promises no time where %s', (_, totals) => {
    const { progress, stderr } = onTerminal()
    vi.advanceTimersByTime(1_000)
    progress.update(state(totals))
    expect(stderr.text()).not.toMatch(/left|%/)
  })

  it('never fills the line, which would break it, nor cuts a character in two', () => {
    const { progress, stderr } = onTerminal(40)
    progress.update(state({ what: '✅'.repeat(100) }))
    const line = stderr.text().slice(clearLine.length)
    expect(Array.from(line)).toHaveLength(39)
    expect(line).toMatch(/✅…$/u)
  })

  it('lets no name move the cursor', () => {
    const { progress, stderr } = onTerminal()
    progress.update(state({ what: 'a\u001b[2J\nb' }))
    expect(stderr.text()).toMatch(/ {2}a\?\[2J\?b$/)
  })

  it('is cleared away once, before anything else is said', () => {
    const { progress, stderr } = onTerminal()
    progress.stop()
    expect(stderr.text()).toBe('')
    progress.update(state())
    const drawn = stderr.text()
    progress.stop()
    progress.stop()
    expect(stderr.text()).toBe(drawn + clearLine)
  })
})

describe('elsewhere', () => {
  it('is a plain line a minute, the first after a minute', () => {
    const { progress, stderr } = opened(capture())
    for (let second = 0; second <= 120; second++) {
      progress.update(state({ files: second }))
      vi.advanceTimersByTime(1_000)
    }
    progress.stop()
    expect(stderr.lines().map((line) => line.replace(/,.*/, ''))).toEqual(['60 files', '120 files'])
    expect(stderr.text()).not.toMatch(/\p{Cc}(?<!\n)/u)
  })

  it('with --json is an event a second on standard output, on a terminal too', () => {
    const { progress, stdout, stderr } = onTerminal(80, { json: true })
    for (let tenth = 0; tenth <= 10; tenth++) {
      progress.update(state({ files: tenth, totalFiles: 20 }))
      vi.advanceTimersByTime(100)
    }
    progress.stop()
    const event = { event: 'progress', path: '/home/a', bytes: 10 * mebibyte, totalFiles: 20 }
    expect(stdout.lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...event, files: 0 },
      { ...event, files: 10 },
    ])
    expect(stderr.text()).toBe('')
  })

  it.each([{}, { json: true }])('with --quiet is nothing (%j)', (options) => {
    const { progress, stdout, stderr } = onTerminal(80, { quiet: true, ...options })
    progress.update(state())
    progress.stop()
    expect(stdout.text() + stderr.text()).toBe('')
  })
})
