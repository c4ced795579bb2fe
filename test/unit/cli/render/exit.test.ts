import { describe, expect, it } from 'vitest'
import { BackupError } from '../../../../src/base/errors.ts'
import { doneRecord, exitRecordOf, sayExit } from '../../../../src/cli/render/exit.ts'
import { createOutput, type OutputOptions } from '../../../../src/cli/render/output.ts'
import { capture } from './captured.ts'

function say(error: unknown, options: Partial<OutputOptions> = {}) {
  const streams = { stdout: capture(), stderr: capture() }
  const output = createOutput({ json: false, quiet: false, verbose: false, ...options }, streams)
  const status = sayExit(output, exitRecordOf(error), error)
  return { status, stdout: streams.stdout.lines(), stderr: streams.stderr.lines() }
}

const wrongPassphrase = new BackupError('passphrase-wrong', 'It is another passphrase.', {
  hint: 'Look for the right one.',
  cause: new Error('outer', { cause: new Error('inner') }),
})

describe('the end of a command', () => {
  it('that is done says nothing to people, and has status 0', () => {
    const streams = { stdout: capture(), stderr: capture() }
    const output = createOutput({ json: false, quiet: false, verbose: false }, streams)
    expect(sayExit(output, doneRecord())).toBe(0)
    expect([streams.stdout.text(), streams.stderr.text()]).toEqual(['', ''])
  })

  it('can be done with something left out', () => {
    expect(doneRecord('left-out')).toMatchObject({ code: 3, name: 'left-out', error: null })
  })

  it('by a known error has its status, its message and its hint', () => {
    expect(say(wrongPassphrase)).toEqual({
      status: 12,
      stdout: [],
      stderr: ['Error: It is another passphrase.', 'Look for the right one.'],
    })
  })

  it('names the causes with --verbose, from the outermost in', () => {
    expect(say(wrongPassphrase, { verbose: true }).stderr.slice(2)).toEqual([
      '  because: outer',
      '  because: inner',
    ])
  })

  it('does not follow causes round in a circle', () => {
    const error = new Error('round')
    error.cause = error
    expect(say(error, { verbose: true }).stderr.length).toBeLessThan(20)
  })

  it('is said with --quiet too', () => {
    expect(say(wrongPassphrase, { quiet: true }).stderr).toHaveLength(2)
  })

  it('with --json is one record, with the same status', () => {
    const { status, stdout, stderr } = say(wrongPassphrase, { json: true })
    expect(status).toBe(12)
    expect(stderr).toEqual([])
    expect(stdout.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        event: 'exit',
        code: 12,
        name: 'refused-credential',
        message: 'It is another passphrase.',
        hint: 'Look for the right one.',
        error: 'passphrase-wrong',
      },
    ])
  })

  it.each([
    ['an error that nobody foresaw', new TypeError('x is not a function'), 'x is not a function'],
    ['something thrown that is no error', 'text', 'text'],
  ])('by %s is a failure', (_, error, message) => {
    expect(exitRecordOf(error)).toEqual({
      event: 'exit',
      code: 1,
      name: 'failed',
      message,
      hint: null,
      error: 'internal',
    })
  })
})
