import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { BackupError } from '../../../../src/base/errors.ts'
import { answerOf } from '../../../../src/vault/http/answer.ts'

describe('answers to failed requests', () => {
  it('carry the code, the hint and the facts of an error', () => {
    const error = new BackupError('head-moved', 'Another run was quicker.', {
      hint: 'Try again.',
      facts: { headSeq: 4 },
    })
    expect(answerOf(error)).toEqual({
      status: 409,
      unexpected: false,
      body: {
        error: {
          code: 'head-moved',
          message: 'Another run was quicker.',
          hint: 'Try again.',
          facts: { headSeq: 4 },
        },
      },
    })
  })

  it.each([
    new Error('/var/lib/secret: no'),
    new BackupError('file-unreadable', 'Cannot read /var/lib/secret.'),
    new TypeError('secret is undefined'),
  ])('tell nothing of the inside of the vault: %s', (error) => {
    const answer = answerOf(error)
    expect(answer).toMatchObject({ status: 500, unexpected: true })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
  })

  it('name the fields of a message that is not valid, without its content', () => {
    const { error } = z.strictObject({ serial: z.int() }).safeParse({ serial: 'hunter2', x: 1 })
    const answer = answerOf(error)
    expect(answer.status).toBe(400)
    expect(answer.body.error.code).toBe('malformed')
    expect(answer.body.error.message).toContain('serial')
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
  })

  it('say that the disk is full with 507, and when to come back with 429 and 503', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
    expect(answerOf(full)).toMatchObject({ status: 507, body: { error: { code: 'vault-full' } } })
    expect(answerOf(new BackupError('too-many-tries', 'No.')).retryAfterSeconds).toBeDefined()
    expect(answerOf(new BackupError('vault-busy', 'No.')).retryAfterSeconds).toBeDefined()
  })
})
