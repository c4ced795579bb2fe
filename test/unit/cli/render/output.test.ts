import { describe, expect, it } from 'vitest'
import { createOutput, type Output, type OutputOptions } from '../../../../src/cli/render/output.ts'
import { capture } from './captured.ts'

const plain: OutputOptions = { json: false, quiet: false, verbose: false }

/** Says one of each, and gives what came out. */
function sayAll(options: Partial<OutputOptions>) {
  const streams = { stdout: capture(), stderr: capture() }
  const output = createOutput({ ...plain, ...options }, streams)
  output.event({ event: 'thing', size: 1 })
  output.line('result')
  output.note('note')
  output.warn('warning')
  output.detail('detail')
  return { stdout: streams.stdout.lines(), stderr: streams.stderr.lines() }
}

describe('what a command says', () => {
  it('is results on standard output, and all else on standard error', () => {
    expect(sayAll({})).toEqual({ stdout: ['result'], stderr: ['note', 'warning'] })
  })

  it('with --quiet is results and warnings', () => {
    expect(sayAll({ quiet: true })).toEqual({ stdout: ['result'], stderr: ['warning'] })
  })

  it('with --verbose has details too', () => {
    expect(sayAll({ verbose: true }).stderr).toEqual(['note', 'warning', 'detail'])
  })

  it.each([{}, { quiet: true }, { verbose: true }])(
    'with --json is one object a line on standard output and nothing else (%j)',
    (options) => {
      const { stdout, stderr } = sayAll({ json: true, ...options })
      expect(stdout.map((line) => JSON.parse(line) as unknown)).toEqual([
        { event: 'thing', size: 1 },
        { event: 'warning', message: 'warning' },
      ])
      expect(stderr).toEqual([])
    },
  )

  it('stays one line of JSON whatever is in it', () => {
    const stdout = capture()
    const output = createOutput({ ...plain, json: true }, { stdout, stderr: capture() })
    output.event({ event: 'thing', name: 'a\nb\u001b[2J' })
    expect(stdout.lines()).toHaveLength(1)
    expect(stdout.text()).not.toContain('\u001b')
  })
})

describe('a reader that has seen enough', () => {
  const opened = (): { output: Output; stdout: ReturnType<typeof capture> } => {
    const streams = { stdout: capture(), stderr: capture() }
    return { output: createOutput(plain, streams), stdout: streams.stdout }
  }
  const failure = (code: string) => Object.assign(new Error(code), { code })

  it('closes the pipe, and the command goes on', () => {
    const { output, stdout } = opened()
    expect(stdout.emit('error', failure('EPIPE'))).toBe(true)
    expect(() => output.line('more')).not.toThrow()
  })

  it('is told apart from a disk that is full', () => {
    const { stdout } = opened()
    expect(() => stdout.emit('error', failure('ENOSPC'))).toThrow('ENOSPC')
  })

  it('is listened for once, however many outputs a stream has', () => {
    const streams = { stdout: capture(), stderr: capture() }
    for (let n = 0; n < 3; n++) createOutput(plain, streams)
    expect(streams.stdout.listenerCount('error')).toBe(1)
  })
})
