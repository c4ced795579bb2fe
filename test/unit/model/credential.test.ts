import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toBase64Url, toHex, u8, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { verifyP256 } from '../../../src/crypto/primitives/signature.ts'
import {
  credentialLabel,
  encodeCredentialFile,
  encodeCredentialPayload,
  parseCredentialFile,
  type VaultCredential,
} from '../../../src/model/credential.ts'
import { parseMachineId, parseVaultId } from '../../../src/model/ids.ts'
import { allCut, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import {
  authorityCertificate,
  authorityPublicKey,
  credentialPrivateKey,
  signatures,
} from './sample-authority.ts'

const register: Omit<VaultCredential, 'version'> = {
  purpose: 'register',
  vaultId: parseVaultId('a0'.repeat(16)),
  vaultName: 'home',
  machineId: null,
  machineName: null,
  address: 'backup.example.org',
  port: 8_443,
  serviceId: 'e4'.repeat(16),
  authority: authorityCertificate,
  authorityFingerprint: toHex(sha256(new X509Certificate(authorityCertificate).raw)),
  serial: 1,
  issuedAt: 1_700_000_000_000,
  expiresAt: 1_700_172_800_000,
  privateKey: credentialPrivateKey,
}
const recover: Omit<VaultCredential, 'version'> = {
  ...register,
  purpose: 'recover',
  vaultName: 'büro',
  machineId: parseMachineId('b1'.repeat(16)),
  machineName: 'größer',
  address: '2001:db8::1',
  port: 65_535,
  serial: 300,
}

const issued = [
  { credential: register, signature: fromHex(signatures.register) ?? u8(0) },
  { credential: recover, signature: fromHex(signatures.recover) ?? u8(0) },
].map(({ credential, signature }) => {
  const payload = encodeCredentialPayload(credential)
  return { credential, payload, signature, file: encodeCredentialFile(payload, signature) }
})
const [{ file, payload, signature } = { file: u8(0), payload: u8(0), signature: u8(0) }] = issued

/** A file that is whole in itself, with some of what it says replaced; undefined leaves it out. */
function edited(changes: Readonly<Record<string, unknown>>): Uint8Array {
  const text = JSON.stringify({ version: 1, ...register, ...changes })
  return encodeCredentialFile(utf8(text), signature)
}

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))
const parts = { payload: toBase64Url(payload), signature: toBase64Url(signature) }

const malformedFiles: Readonly<Record<string, Uint8Array>> = {
  'no bytes': u8(0).subarray(1),
  'what is no JSON': utf8('-----BEGIN CERTIFICATE-----'),
  'bytes that are not UTF-8': concatBytes(u8(0xff), file),
  'a list': json([]),
  'no signature': json({ payload: parts.payload }),
  'a third part': json({ ...parts, more: '' }),
  'a signature of 63 bytes': encodeCredentialFile(payload, signature.subarray(1)),
  'padded base64': json({ ...parts, signature: `${parts.signature}==` }),
  'base64 with other signs': json({ ...parts, payload: ` ${parts.payload}` }),
  'more than 64 KiB': concatBytes(file, new Uint8Array(65_536).fill(0x20)),
}

const malformedPayloads: readonly Readonly<Record<string, unknown>>[] = [
  { purpose: 'both' },
  { vaultId: 'A0'.repeat(16) },
  { vaultId: 'a0'.repeat(15) },
  { vaultName: 'x'.repeat(65) },
  { machineId: 'b1' },
  { machineName: 'x'.repeat(257) },
  { address: '' },
  { address: 'x'.repeat(254) },
  { port: 0 },
  { port: 65_536 },
  { port: 1.5 },
  { port: '8443' },
  { serviceId: '' },
  { authority: 'x'.repeat(8_193) },
  { authorityFingerprint: 'e4'.repeat(31) },
  { serial: 0 },
  { issuedAt: -1 },
  { expiresAt: 2 ** 53 },
  { privateKey: 'x'.repeat(1_025) },
  { password: 'unknown' },
]

it('credentials are those of the vectors', () => {
  expectVectors('credential', {
    about:
      'Credential files (docs/format.md 13): payload and file as text; the signature, in hexadecimal, is r ‖ s over label ‖ payload.',
    label: credentialLabel,
    authority: authorityCertificate,
    credentials: issued.map((one) => ({
      payload: Buffer.from(one.payload).toString('utf8'),
      signature: one.signature,
      file: Buffer.from(one.file).toString('utf8'),
    })),
  })
})

describe('a vault credential', () => {
  it.each(issued)('is read as what it was: to $credential.purpose', (one) => {
    const { credential, payload, signature } = one
    expect(parseCredentialFile(one.file)).toEqual({
      credential: { version: 1, ...credential },
      payload,
      signature,
    })
  })

  it.each(issued)('is signed by the authority that it names: to $credential.purpose', (one) => {
    const { publicKey } = new X509Certificate(one.credential.authority)
    const signed = { label: credentialLabel, message: one.payload }
    expect(verifyP256(publicKey, signed, one.signature)).toBe(true)
    expect(publicKey.equals(authorityPublicKey)).toBe(true)
  })

  it('may have been saved again with other spaces and line breaks', () => {
    const text = JSON.stringify(parts, undefined, 2).replaceAll('\n', '\r\n')
    expect(parseCredentialFile(utf8(text)).credential.serial).toBe(1)
    expect(parseCredentialFile(utf8(`\ufeff${text}`)).credential.serial).toBe(1)
  })

  it('is refused when cut off', () => {
    expect(refusalsOf(allCut(file.subarray(0, -1)), parseCredentialFile)).toEqual([
      'credential-malformed',
    ])
  })

  it.each(Object.entries(malformedFiles))('is refused: %s', (_, bytes) => {
    expect(refusalOf(() => parseCredentialFile(bytes))).toBe('credential-malformed')
  })

  it.each(malformedPayloads)('is refused when it says %j', (changes) => {
    expect(refusalOf(() => parseCredentialFile(edited(changes)))).toBe('credential-malformed')
  })

  it.each(Object.keys(register))('is refused without %s', (name) => {
    const bytes = edited({ [name]: undefined })
    expect(refusalOf(() => parseCredentialFile(bytes))).toBe('credential-malformed')
  })

  it('is refused when its payload is no object', () => {
    for (const text of ['[]', 'null', '1', '"', '']) {
      const bytes = encodeCredentialFile(utf8(text), signature)
      expect(refusalOf(() => parseCredentialFile(bytes))).toBe('credential-malformed')
    }
  })

  it('of another version is for a newer program, whatever else it says', () => {
    const bytes = encodeCredentialFile(json({ version: 2, whatever: true }), signature)
    expect(refusalOf(() => parseCredentialFile(bytes))).toBe('unsupported-format')
  })

  it('is read without its signature being checked: whoever uses it does that', () => {
    const { credential } = parseCredentialFile(edited({ serial: 2 }))
    expect(credential.serial).toBe(2)
  })
})
