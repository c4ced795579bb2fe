import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../../../src/base/bytes.ts'
import { settableClock } from '../../../../src/base/clock.ts'
import { parseVaultId } from '../../../../src/model/ids.ts'
import {
  createRecoveryNonces,
  nonceLifeMs,
} from '../../../../src/vault/enrolment/recovery-nonces.ts'

const started = { vaultId: parseVaultId('1'.repeat(32)), serial: 3, requestId: 'a'.repeat(32) }

describe('nonces of recovery', () => {
  it('are good once', () => {
    const nonces = createRecoveryNonces(settableClock(0), systemRandom)
    const nonce = nonces.issue(started)
    expect(nonces.use(nonce, started)).toBe(true)
    expect(nonces.use(nonce, started)).toBe(false)
  })

  it('are good for the request alone that asked for them', () => {
    const nonces = createRecoveryNonces(settableClock(0), systemRandom)
    expect(nonces.use(nonces.issue(started), { ...started, requestId: 'b'.repeat(32) })).toBe(false)
    expect(nonces.use(nonces.issue(started), { ...started, serial: 4 })).toBe(false)
    expect(nonces.use('c'.repeat(64), started)).toBe(false)
  })

  it('end after ten minutes', () => {
    const clock = settableClock(0)
    const nonces = createRecoveryNonces(clock, systemRandom)
    const [early, late] = [nonces.issue(started), nonces.issue(started)]
    clock.add(nonceLifeMs - 1)
    expect(nonces.use(early, started)).toBe(true)
    clock.add(1)
    expect(nonces.use(late, started)).toBe(false)
  })

  it('take bounded memory: the oldest give way', () => {
    const nonces = createRecoveryNonces(settableClock(0), systemRandom)
    const oldest = nonces.issue(started)
    const others = Array.from({ length: 1_000 }, () => nonces.issue(started))
    expect(nonces.use(oldest, started)).toBe(false)
    expect(nonces.use(others[0] ?? '', started)).toBe(true)
  })
})
