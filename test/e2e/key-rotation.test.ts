/** Another master key: a new repository for what is sent from then on, and all that was sent before it readable as long as it is kept. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodeOf } from '../../src/base/errors.ts'
import { deriveKeys, type RepositoryKeys } from '../../src/crypto/keys.ts'
import { openDirectory, openSegment } from '../../src/crypto/pack-seal.ts'
import { openSlot } from '../../src/crypto/slot.ts'
import { decodePackHeader, packHeaderBytes, segmentRanges } from '../../src/model/pack.ts'
import { passphraseOf } from '../../src/model/passphrase.ts'
import { decodeSlot } from '../../src/model/slot.ts'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  testPassphrase,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'

const large = 3_000_000
const other = 'another battery staple for horses'

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const packsOf = ({ service }: AgentVault, repository: number): string[] =>
  filesOf(join(service.directory, 'objects')).filter((path) =>
    new RegExp(`/repositories/${repository}/(data|tree)/`).test(path),
  )

/** Key files hold hexadecimal digits, everything else bytes. */
const filesWith = (folder: string, secret: Uint8Array): string[] => {
  const forms = [Buffer.from(secret), Buffer.from(Buffer.from(secret).toString('hex'))]
  return filesOf(folder).filter((path) => {
    const bytes = readFileSync(path)
    return forms.some((form) => bytes.includes(form))
  })
}

async function keysOfSlot(path: string, passphrase: string) {
  const slot = decodeSlot(readFileSync(path))
  const { bytes: masterKey } = await openSlot(slot, passphraseOf(passphrase))
  return { masterKey, keys: deriveKeys(masterKey, slot.repositoryId) }
}

/** How many segments of the packs open; their directories are given, whoever can open them. */
function opened(packs: readonly string[], keys: RepositoryKeys, directory: RepositoryKeys): number {
  let count = 0
  for (const path of packs) {
    const bytes = new Uint8Array(readFileSync(path))
    const header = bytes.slice(0, packHeaderBytes)
    const { directoryBytes } = decodePackHeader(header)
    const { segments } = openDirectory(bytes.slice(0, packHeaderBytes + directoryBytes), directory)
    const ranges = segmentRanges(directoryBytes, segments)
    segments.forEach((facts, ordinal) => {
      const { start = 0, end = 0 } = ranges[ordinal] ?? {}
      try {
        openSegment({ header, ordinal, facts, stored: bytes.slice(start, end) }, keys)
        count++
      } catch (error) {
        expect(errorCodeOf(error)).toBe('damaged')
      }
    })
  }
  return count
}

const done = (ended: Ended): Ended => {
  expect(ended, ended.stdout).toMatchObject({ code: 0 })
  return ended
}

const sentBy = (ended: Ended): number => Number(done(ended).event('summary')?.['bytesSent'])

/** The command, and the same again with the operator's word for it. */
async function allowed(vault: AgentVault, machine: CommandMachine, ...words: string[]) {
  const asked = await machine.backup(...words)
  expect(exitOf(asked), asked.stdout).toMatchObject({ code: 22, error: 'pin-required' })
  const code = String(asked.event('pin-required')?.['requestCode'])
  const { pin, details } = await issuePin(vault.service.vault, code)
  return { details, ended: done(await machine.backup(...words, '--pin', pin)) }
}

const pointsOf = async (machine: CommandMachine, ...words: string[]) =>
  done(await machine.backup('points', ...words)).events.filter(({ event }) => event === 'point')

const repositoriesOf = (points: Awaited<ReturnType<typeof pointsOf>>) =>
  points.map(({ repository, state }) => [repository, state])

interface Restoring {
  readonly machine: CommandMachine
  readonly vault: AgentVault
  readonly words?: readonly string[]
}

/** What each of the points holds in the folder, the oldest first. */
async function restoredNames({ machine, vault, words = [] }: Restoring, folder: string) {
  const names: string[][] = []
  for (const { pointId } of await pointsOf(machine, ...words)) {
    const to = join(vault.scratch, 'restored')
    const restore = ['restore', '--point', String(pointId), '--to', to, '--verify', ...words]
    done(await machine.backup(...restore))
    const at = join(to, folder)
    expect(readFileSync(join(at, 'large')).equals(pseudoRandomBytes('large', large))).toBe(true)
    names.push(readdirSync(at).sort())
    rmSync(to, { recursive: true })
  }
  return names
}

describe('another master key', { timeout: 300_000 }, () => {
  it('opens all points on this machine and on another one; the old one opens nothing new', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop')
    const otherFile = join(vault.scratch, 'other')
    writeFileSync(otherFile, other, { mode: 0o600 })
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'large'), pseudoRandomBytes('large', large))
    done(await machine.backup('policy', 'include', folder))
    expect(sentBy(await machine.backup('run'))).toBeGreaterThan(large)
    const old = await keysOfSlot(join(machine.state, 'slot'), testPassphrase)

    // Until the PIN is there nothing is changed; then only the new passphrase counts.
    const rotate = ['rotate-key', '--passphrase-file', otherFile]
    expect(exitOf(await machine.backup(...rotate, '--pin', '12345678'))).toMatchObject({ code: 2 })
    const { details, ended } = await allowed(vault, machine, ...rotate)
    expect(details).toEqual(['begins: repository 1', 'removes: all key slots of the ones before'])
    expect(ended.event('key-rotated')).toMatchObject({ repository: 1 })
    expect((await machine.backup('status')).event('status')).toMatchObject({ repository: 1 })
    const { masterKey, keys } = await keysOfSlot(join(machine.state, 'slot-1'), other)
    expect(filesWith(machine.state, old.masterKey)).toEqual([])
    expect(filesWith(machine.state, masterKey)).toEqual([join(machine.state, 'master-1.key')])
    expect(existsSync(join(machine.state, 'rotation.pending'))).toBe(false)

    // Everything is sent anew, and the old key opens none of it.
    writeFileSync(join(folder, 'new'), 'written under the new key')
    expect(sentBy(await machine.backup('run'))).toBeGreaterThan(large)
    expect(sentBy(await machine.backup('run'))).toBeLessThan(large / 10)
    const packs = packsOf(vault, 1)
    expect(packs.length).toBeGreaterThan(1)
    expect(opened(packs, keys, keys)).toBeGreaterThan(1)
    expect(opened(packs, old.keys, keys)).toBe(0)
    for (const path of packs) {
      const bytes = new Uint8Array(readFileSync(path))
      expect(() => openDirectory(bytes, old.keys)).toThrow()
    }

    // Both are read: by id, by search, beside each other.
    const points = await pointsOf(machine)
    const complete = [0, 1, 1].map((repository) => [repository, 'complete'])
    expect(repositoriesOf(points)).toEqual(complete)
    const lists = [['large'], ['large', 'new'], ['large', 'new']]
    expect(await restoredNames({ machine, vault }, folder)).toEqual(lists)
    const found = done(await machine.backup('find', 'large', '--all')).events
    expect(found.filter(({ event }) => event === 'found')).toHaveLength(3)
    const [first = '', second = ''] = points.map(({ pointId }) => String(pointId))
    const compared = done(await machine.backup('diff', first, second))
    expect(compared.event('summary')).toMatchObject({ added: 1, removed: 0, content: 0, type: 0 })
    const versions = done(await machine.backup('history', join(folder, 'large'))).events
    expect(versions.filter(({ event }) => event === 'version')).toMatchObject([{ points: 3 }])
    const verified = done(await machine.backup('verify', '--read-data'))
    expect(verified.event('summary')).toMatchObject({ points: 3, damages: 0 })

    // The machine is lost. Its passphrase of now brings all of it back, that of before nothing.
    const spare = bareMachine(vault.scratch, 'spare')
    const recover = ['recover', '--vault-credentials', await vault.credential('laptop')]
    const before = ['--passphrase-file', spare.passphraseFile]
    expect(exitOf(await spare.backup(...recover, ...before))).toMatchObject({ code: 12 })
    done(await spare.backup(...recover, '--passphrase-file', otherFile))
    expect(repositoriesOf(await pointsOf(spare))).toEqual(complete)
    expect(await restoredNames({ machine: spare, vault }, folder)).toEqual(lists)
  })

  it('begins on a hardened machine, too: what was before needs the passphrase', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop')
    const passphrase = ['--passphrase-file', machine.passphraseFile]
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'large'), pseudoRandomBytes('large', large))
    done(await machine.backup('policy', 'include', folder))
    done(await machine.backup('run'))
    await allowed(vault, machine, 'rotate-key', ...passphrase)
    done(await machine.backup('run'))
    done(await machine.backup('key-store', 'harden', ...passphrase))
    await allowed(vault, machine, 'rotate-key', ...passphrase)
    done(await machine.backup('run'))
    const { masterKey } = await keysOfSlot(join(machine.state, 'slot-2'), testPassphrase)
    expect(filesWith(machine.state, masterKey)).toEqual([])
    expect((await machine.backup('status')).event('status')).toMatchObject({
      ...{ hardened: true, epoch: 0, repository: 2 },
    })

    expect(repositoriesOf(await pointsOf(machine))).toEqual([
      [0, 'closed'],
      [1, 'closed'],
      [2, 'complete'],
    ])
    const outside = done(await machine.backup('verify', '--read-data'))
    expect(outside.event('summary')).toMatchObject({ points: 3, checked: 'objects' })
    const lists = [['large'], ['large'], ['large']]
    expect(await restoredNames({ machine, vault, words: passphrase }, folder)).toEqual(lists)

    // Whoever takes its place goes on in the newest repository.
    const spare = bareMachine(vault.scratch, 'spare')
    const recover = ['recover', '--takeover', '--vault-credentials']
    recover.push(await vault.credential('laptop'), ...passphrase)
    await allowed(vault, spare, ...recover)
    expect(sentBy(await spare.backup('run'))).toBeLessThan(large / 10)
    expect((await pointsOf(spare)).map(({ repository }) => repository)).toEqual([0, 1, 2, 2])
  })
})
