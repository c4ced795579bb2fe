import { describe, expect, it } from 'vitest'
import { hourMs, minuteMs } from '../../../../src/base/clock.ts'
import type { Credential } from '../../../../src/vault/catalog/credentials.ts'
import { checkCredential } from '../../../../src/vault/enrolment/credential-check.ts'
import { parseVaultId } from '../../../../src/model/ids.ts'
import { errorCodeOf } from '../../../../src/base/errors.ts'

const issuedAt = Date.UTC(2026, 0, 1)
const first: Credential = {
  vaultId: parseVaultId('0'.repeat(32)),
  serial: 1,
  purpose: 'register',
  machineId: null,
  publicKey: new Uint8Array(91),
  issuedAt,
  expiresAt: issuedAt + 48 * hourMs,
  revokedAt: null,
}
const second: Credential = { ...first, serial: 2, issuedAt: issuedAt + hourMs }

function codeOf(credential: Credential, newest: Credential, nowMs: number): string | undefined {
  try {
    checkCredential(credential, { purpose: 'register', newest, nowMs })
    return undefined
  } catch (error) {
    return errorCodeOf(error)
  }
}

describe('checkCredential', () => {
  it('accepts the newest one until 48 hours have passed', () => {
    expect(codeOf(first, first, issuedAt)).toBeUndefined()
    expect(codeOf(first, first, issuedAt + 48 * hourMs - 1)).toBeUndefined()
    expect(codeOf(first, first, issuedAt + 48 * hourMs)).toBe('credential-expired')
  })

  it('refuses one as soon as a newer one was issued, also if that has been revoked', () => {
    expect(codeOf(first, second, issuedAt + minuteMs)).toBe('credential-superseded')
    expect(codeOf(first, { ...second, revokedAt: issuedAt }, issuedAt)).toBe(
      'credential-superseded',
    )
  })

  it('refuses a revoked one', () => {
    expect(codeOf({ ...first, revokedAt: issuedAt }, first, issuedAt)).toBe('credential-revoked')
  })

  it('refuses one of another purpose before all else', () => {
    const recovery: Credential = { ...first, purpose: 'recover', revokedAt: issuedAt }
    expect(codeOf(recovery, recovery, issuedAt)).toBe('credential-purpose')
  })
})
