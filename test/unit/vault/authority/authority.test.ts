import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemRandom, utf8 } from '../../../../src/base/bytes.ts'
import { dayMs, hourMs, settableClock } from '../../../../src/base/clock.ts'
import { parseMachineId, parseVaultId } from '../../../../src/model/ids.ts'
import { openAuthority, type Authority } from '../../../../src/vault/authority/authority.ts'
import { openIdentity, sealIdentity } from '../../../../src/vault/authority/identity-file.ts'
import { readIdentity } from '../../../../src/vault/authority/identity.ts'
import { createServerCertificates } from '../../../../src/vault/authority/server-certificates.ts'
import { makeIdentity, placeIdentity } from '../../../../src/vault/operator/init.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const start = Date.UTC(2026, 5, 1)
const yearMs = 365 * dayMs
const vaultId = parseVaultId('a'.repeat(32))
const machineId = parseMachineId('b'.repeat(32))

async function makeService() {
  const folder = scratchDirectory()
  const clock = settableClock(start)
  const surroundings = { clock, random: systemRandom }
  const identity = await makeIdentity(['vault.example'], surroundings)
  await placeIdentity(folder, identity, 'new')
  return {
    folder,
    clock,
    surroundings,
    identity,
    authority: await openAuthority(folder, surroundings),
  }
}

const machineKey = (): Uint8Array =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  })

const clientOf = (authority: Authority) =>
  authority.issueClientCertificate({
    vaultId,
    machineId,
    publicKey: machineKey(),
    notAfterMs: start + yearMs,
  })

async function opensslVerifies(
  pem: string,
  options: { trusted: string; chain?: string; at: number },
) {
  const folder = scratchDirectory()
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const chain =
    options.chain === undefined ? [] : ['-untrusted', await file('chain.pem', options.chain)]
  const words = [
    'verify',
    '-x509_strict',
    '-attime',
    String(options.at / 1000),
    '-CAfile',
    await file('trusted.pem', options.trusted),
    ...chain,
    await file('leaf.pem', pem),
  ]
  try {
    execFileSync('openssl', words, { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

describe('the authority', () => {
  it('signs certificates of machines that openssl believes, with who they are', async () => {
    const { authority } = await makeService()
    const { pem, fingerprint } = await clientOf(authority)
    const certificate = new X509Certificate(pem)
    expect(certificate.subjectAltName).toBe(`URI:urn:backup:${vaultId}:${machineId}`)
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(fingerprint)
    expect(certificate.ca).toBe(false)
    expect(await opensslVerifies(pem, { trusted: authority.current(), at: start })).toBe(true)
    const other = await makeService()
    expect(await opensslVerifies(pem, { trusted: other.authority.current(), at: start })).toBe(
      false,
    )
  })

  it('signs server certificates for the fixed names, the address and further names', async () => {
    const { authority } = await makeService()
    const { certificate } = await authority.issueServerCertificate(['10.0.0.7', 'host.example'])
    const names = new X509Certificate(certificate).subjectAltName ?? ''
    for (const name of [
      `DNS:enrol.${authority.serviceId}.backup.internal`,
      `DNS:api.${authority.serviceId}.backup.internal`,
      'DNS:vault.example',
      'DNS:host.example',
      'IP Address:10.0.0.7',
    ]) {
      expect(names).toContain(name)
    }
    expect(await opensslVerifies(certificate, { trusted: authority.current(), at: start })).toBe(
      true,
    )
  })

  it('signs what only it and its successors verify', async () => {
    const { authority } = await makeService()
    const signature = await authority.sign('label', utf8('text'))
    expect(await authority.verify('label', utf8('text'), signature)).toBe(true)
    expect(await authority.verify('other', utf8('text'), signature)).toBe(false)
    expect(await authority.verify('label', utf8('test'), signature)).toBe(false)
    const other = await makeService()
    expect(await other.authority.verify('label', utf8('text'), signature)).toBe(false)
  })

  it('lasts 20 years; its successor is made two years before, and signs in the last', async () => {
    const { authority, clock } = await makeService()
    const old = authority.current()
    const end = authority.validUntil()
    expect(end).toBe(start + 20 * yearMs)

    clock.set(end - 2 * yearMs - 1)
    await authority.prepareSuccessor()
    expect(authority.trusted()).toEqual([old])

    clock.set(end - 2 * yearMs)
    const signature = await authority.sign('label', utf8('text'))
    await authority.prepareSuccessor()
    await authority.prepareSuccessor()
    expect(authority.trusted()).toHaveLength(2)
    expect(authority.current()).toBe(old)

    clock.set(end - yearMs)
    expect(authority.current()).not.toBe(old)
    expect(authority.trusted()).toContain(old)
    expect(await authority.verify('label', utf8('text'), signature)).toBe(true)

    clock.set(end)
    expect(authority.trusted()).toEqual([authority.current()])
  })

  it('is believed under its successor by machines that know only the old one', async () => {
    const { authority, clock } = await makeService()
    const old = authority.current()
    clock.set(authority.validUntil() - yearMs + hourMs)
    await authority.prepareSuccessor()
    const [successor = ''] = authority.successors()
    expect(authority.current()).toBe(successor)
    const { certificate } = await authority.issueServerCertificate([])
    const at = clock.now()
    expect(await opensslVerifies(certificate, { trusted: old, chain: certificate, at })).toBe(true)
    expect(await opensslVerifies(certificate, { trusted: successor, at })).toBe(true)
    expect(await opensslVerifies(certificate, { trusted: old, at })).toBe(false)
  })

  it('is taken over by processes that did not make the successor themselves', async () => {
    const { folder, authority, clock, surroundings } = await makeService()
    const other = await openAuthority(folder, surroundings)
    clock.set(authority.validUntil() - yearMs)
    await authority.prepareSuccessor()
    await other.prepareSuccessor()
    expect(other.trusted()).toEqual(authority.trusted())
  })
})

describe('server certificates', () => {
  it('are made anew at half their life, and when another authority signs', async () => {
    const { authority, clock } = await makeService()
    const certificates = await createServerCertificates({
      authority,
      clock,
      names: () => Promise.resolve([]),
    })
    const first = certificates.current().certificate
    clock.add(45 * dayMs - 1)
    expect(await certificates.renewIfDue()).toBeUndefined()
    clock.add(1)
    expect((await certificates.renewIfDue())?.certificate).not.toBe(first)
    expect(certificates.current().certificate).not.toBe(first)
    expect(await certificates.renewIfDue()).toBeUndefined()

    clock.set(authority.validUntil() - 2 * yearMs)
    await certificates.renewIfDue()
    await authority.prepareSuccessor()
    expect((await certificates.renewIfDue())?.authorities).toHaveLength(2)
  })
})

describe('the identity', () => {
  it('is refused when others can read it, with the chmod that helps', async () => {
    const { folder } = await makeService()
    await chmod(join(folder, 'authority.json'), 0o644)
    await expect(readIdentity(folder)).rejects.toMatchObject({
      code: 'file-permissions',
      hint: expect.stringContaining('chmod 600') as string,
    })
  })

  it('is not there, damaged, or of a newer format: each is said', async () => {
    const { folder } = await makeService()
    await expect(readIdentity(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' })
    await writeFile(join(folder, 'authority.json'), '{"format":1}')
    await expect(readIdentity(folder)).rejects.toMatchObject({ code: 'state-damaged' })
    await writeFile(join(folder, 'authority.json'), '{"format":2}')
    await expect(readIdentity(folder)).rejects.toMatchObject({ code: 'unsupported-format' })
  })

  it('is never overwritten, nor put beside objects of a vault that lost its keys', async () => {
    const { folder, identity } = await makeService()
    await expect(placeIdentity(folder, identity, 'brought-back')).rejects.toMatchObject({
      code: 'already-exists',
    })
  })

  it('comes back from its file with the passphrase, and with no other', async () => {
    const { identity } = await makeService()
    const sealed = await sealIdentity(identity, utf8('correct horse battery'), systemRandom)
    expect(Buffer.from(sealed).includes('PRIVATE KEY')).toBe(false)
    expect(await openIdentity(sealed, utf8('correct horse battery'))).toEqual(identity)
    await expect(openIdentity(sealed, utf8('correct horse batterx'))).rejects.toMatchObject({
      code: 'passphrase-wrong',
    })
    for (const at of [0, 9, 30, 60, sealed.length - 1]) {
      const altered = Uint8Array.from(sealed)
      altered[at] = (altered[at] ?? 0) ^ 1
      await expect(openIdentity(altered, utf8('correct horse battery'))).rejects.toThrow()
    }
  })
})
