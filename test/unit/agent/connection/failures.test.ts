import { describe, expect, it } from 'vitest'
import { translateFailure } from '../../../../src/agent/connection/failures.ts'
import { BackupError } from '../../../../src/base/errors.ts'

const vault = { address: 'vault.example', port: 8443 }
const coded = (code: string, message = 'what Node says.'): Error =>
  Object.assign(new Error(message), { code })

function told(error: unknown): BackupError {
  const translated = translateFailure(error, vault)
  if (translated instanceof BackupError) return translated
  throw new Error('not told', { cause: translated })
}

const untrusted: readonly (readonly [string, RegExp, RegExp])[] = [
  ['CERT_HAS_EXPIRED', /has expired/, /clock/],
  ['CERT_NOT_YET_VALID', /not valid yet/, /clock/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another service/, /set-address/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak HTTPS/, /port/],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /TLS 1\.3/, /inspecting/],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', /TLS 1\.3/, /inspecting/],
  ['SELF_SIGNED_CERT_IN_CHAIN', /not signed by the authority/, /Nothing was sent/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /not signed by the authority/, /Nothing was sent/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not signed by the authority/, /Nothing was sent/],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /not signed by the authority/, /Nothing was sent/],
  ['ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME', /No secure connection/, /address/],
]

const refusedMachine = [
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
]

const unreachable: readonly (readonly [string, RegExp])[] = [
  ['ECONNREFUSED', /nothing listens there/],
  ['ENOTFOUND', /name is not known/],
  ['EAI_AGAIN', /name is not known/],
  ['ECONNRESET', /connection broke/],
  ['EPIPE', /connection broke/],
  ['UND_ERR_SOCKET', /connection broke/],
  ['ETIMEDOUT', /answer in time/],
  ['UND_ERR_HEADERS_TIMEOUT', /answer in time/],
  ['UND_ERR_BODY_TIMEOUT', /answer in time/],
  ['EHOSTUNREACH', /no way to it/],
  ['ENETUNREACH', /no way to it/],
  ['EWHATEVER', /: what Node says\.$/],
]

describe('what failed on the way to a vault', () => {
  it.each(untrusted)('%s is a server that is not believed', (code, message, hint) => {
    const error = told(coded(code))
    expect(error).toMatchObject({ code: 'vault-untrusted', exit: 'refused-credential' })
    expect(error.message).toMatch(message)
    expect(error.message).toContain('vault.example:8443')
    expect(error.hint).toMatch(hint)
    expect(error.retryable).toBe(false)
  })

  it.each(refusedMachine)('%s is a machine that the vault does not believe', (code) => {
    const error = told(coded(code))
    expect(error).toMatchObject({ code: 'certificate-refused', exit: 'refused-credential' })
    expect(error.hint).toMatch(/another vault/)
    expect(error.retryable).toBe(false)
  })

  it.each(unreachable)('%s may be gone the next time', (code, message) => {
    const error = told(coded(code))
    expect(error).toMatchObject({ code: 'unreachable', exit: 'unreachable', retryable: true })
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(/network/)
  })

  it('is what is inside of what wraps it', () => {
    const cause = coded('ECONNREFUSED')
    const wrapped = new Error('fetch failed', { cause })
    expect(told(wrapped).message).toMatch(/nothing listens there/)
    expect(told(wrapped).cause).toBe(wrapped)
    const several = new AggregateError([cause, coded('ENETUNREACH')])
    expect(told(several).message).toMatch(/nothing listens there/)
  })

  it('is told once', () => {
    const error = new BackupError('proxy-refused', 'No way through.')
    expect(told(error)).toBe(error)
  })

  it('names an IPv6 address so that its port can be seen', () => {
    const error = translateFailure(coded('ECONNREFUSED'), { address: '::1', port: 8443 })
    expect(error.message).toContain('[::1]:8443')
  })

  it('says something where nothing is known of it', () => {
    expect(told('just a word').message).toMatch(/can not be reached: just a word\.$/)
  })
})
