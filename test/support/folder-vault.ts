/** A vault's directory as a connection: what lies in it on disk (docs/format.md 11), without service, TLS and clock. */

import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  objectKinds,
  parseMachineId,
  parseObjectId,
  parseSourceName,
  parseVaultId,
  type SourceName,
} from '../../src/model/ids.ts'
import { createMemoryVault, type MemoryVault } from './memory-vault.ts'

/** Of the one machine in it. Everything is read at once; what is spoilt later is spoilt in memory. */
export function openFolderVault(directory: string): MemoryVault {
  const vaults = join(directory, 'objects', 'vaults')
  const vaultId = onlyName(vaults)
  const machines = join(vaults, vaultId, 'machines')
  const machineId = onlyName(machines)
  const machine = join(machines, machineId)
  const vault = createMemoryVault()
  readObjects(vault, join(machine, 'repositories', '0'))
  readPoints(vault, join(machine, 'points'))
  return {
    ...vault,
    identity: { vaultId: parseVaultId(vaultId), machineId: parseMachineId(machineId) },
    ...recordsOf(machine),
  }
}

const onlyName = (folder: string): string => {
  const [name, ...more] = readdirSync(folder)
  if (name === undefined || more.length > 0) throw new Error(`${folder} has not one part`)
  return name
}

function readObjects(vault: MemoryVault, repository: string): void {
  for (const kind of objectKinds) {
    const folder = join(repository, kind)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.length < 64) continue
      const id = parseObjectId(name.slice(-64))
      vault.stored.set(id, { kind, id, bytes: bytesIn(folder, name) })
    }
  }
}

function readPoints(vault: MemoryVault, points: string): void {
  for (const source of readdirSync(points).sort()) {
    for (const seq of readdirSync(join(points, source)).sort()) {
      vault.storedPoints.push(readPoint(join(points, source, seq), parseSourceName(source), seq))
    }
  }
}

function readPoint(folder: string, source: SourceName, seq: string) {
  const newest = readdirSync(folder)
    .filter((name) => name.startsWith('record-'))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Error(`${folder} has no record`)
  const commit = bytesIn(folder, 'commit')
  return { source, seq: Number.parseInt(seq, 16), commit, record: bytesIn(folder, newest) }
}

function recordsOf(machine: string) {
  const folder = (repository: number, kind: 'configs' | 'slots') =>
    join(machine, 'repositories', String(repository), kind)
  const numbers = (repository: number, kind: 'configs' | 'slots') =>
    Promise.resolve(
      readdirSync(folder(repository, kind))
        .sort()
        .map((name) => Number.parseInt(name, 16)),
    )
  const record = (repository: number, kind: 'configs' | 'slots', number: number) =>
    Promise.resolve(bytesIn(folder(repository, kind), number.toString(16).padStart(16, '0')))
  return {
    configs: (repository: number) => numbers(repository, 'configs'),
    config: (repository: number, number: number) => record(repository, 'configs', number),
    slots: (repository: number) => numbers(repository, 'slots'),
    slot: (repository: number, number: number) => record(repository, 'slots', number),
  }
}

const bytesIn = (folder: string, name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(join(folder, name)))

/** The public key in a certificate file. */
export const publicKeyIn = (certificateFile: string) =>
  new X509Certificate(readFileSync(certificateFile)).publicKey
