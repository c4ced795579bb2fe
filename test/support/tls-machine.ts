/** What a registered machine keeps, and certificates that pretend to be its own, as files for openssl and curl. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { hourMs, systemClock } from '../../src/base/clock.ts'
import { openAuthority } from '../../src/vault/authority/authority.ts'
import type { ClientIdentity } from '../../src/agent/connection/dial.ts'
import { makeClientIdentity } from './client-identity.ts'
import type { CommandMachine, CommandVault } from './commands.ts'
import { makeAuthority } from './tls-service.ts'
import { runTool } from './tool.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** What a client sends behind its certificate. */
  readonly chain?: string
}

export interface MachineFacts {
  readonly vaultId: string
  readonly machineId: string
  readonly serviceId: string
  readonly authorities: readonly string[]
  readonly certificate: string
}

export const factsOf = ({ state }: CommandMachine): MachineFacts =>
  JSON.parse(readFileSync(join(state, 'registration.json'), 'utf8')) as MachineFacts

export function ownCertificate(machine: CommandMachine): CertificateFiles {
  const certificate = join(machine.state, 'certificate.pem')
  writeFileSync(certificate, factsOf(machine).certificate)
  return { certificate, key: join(machine.state, 'machine.key') }
}

function write(folder: string, name: string, identity: ClientIdentity): CertificateFiles {
  const paths = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  writeFileSync(paths.certificate, identity.certificate)
  writeFileSync(paths.key, identity.key)
  return paths
}

/** With the machine's name in it, by an authority that only calls itself the vault's. */
export async function foreignCertificate(
  { scratch }: CommandVault,
  machine: CommandMachine,
): Promise<CertificateFiles> {
  const identity = await makeClientIdentity(await makeAuthority(), factsOf(machine))
  return write(scratch, 'foreign', identity)
}

/** By the vault's own authority, and over since an hour. */
export async function expiredCertificate(
  { scratch, directory }: CommandVault,
  machine: CommandMachine,
): Promise<CertificateFiles> {
  const surroundings = { clock: systemClock, random: systemRandom }
  const authority = await openAuthority(directory, surroundings)
  const bearer = { ...factsOf(machine), notAfterMs: Date.now() - hourMs }
  return write(scratch, 'expired', await makeClientIdentity(authority, bearer))
}

/** Signed by a machine that takes its own certificate for an authority's. */
export async function selfMadeCertificate(
  { scratch }: CommandVault,
  machine: CommandMachine,
): Promise<CertificateFiles> {
  const own = ownCertificate(machine)
  const at = (name: string) => join(scratch, name)
  const [key, request, certificate] = [at('made.key'), at('made.csr'), at('made.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl('req', '-new', ...curve, '-subj', '/CN=x', '-keyout', key, '-out', request)
  const signer = ['-CA', own.certificate, '-CAkey', own.key, '-set_serial', '1', '-days', '9']
  await openssl('x509', '-req', '-in', request, ...signer, '-out', certificate)
  return { certificate, key, chain: own.certificate }
}

async function openssl(...words: string[]): Promise<void> {
  const ended = await runTool('openssl', words)
  expect(ended.code, ended.stderr).toBe(0)
}
