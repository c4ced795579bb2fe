/** A machine that keeps no master key: it goes on backing up, and reads what it sent in earlier epochs with the passphrase only. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/base/secret.ts'
import { passphraseOf } from '../../src/model/passphrase.ts'
import { errorCodeOf } from '../../src/base/errors.ts'
import { keysOfHeld } from '../../src/crypto/held-key.ts'
import type { RepositoryKeys } from '../../src/crypto/keys.ts'
import { openDirectory, openSegment } from '../../src/crypto/pack-seal.ts'
import { openSlot } from '../../src/crypto/slot.ts'
import { decodePackHeader, packHeaderBytes, segmentRanges } from '../../src/model/pack.ts'
import { decodeSlot } from '../../src/model/slot.ts'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  testPassphrase,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'
import { beforeWrites, createGate, kindOfKey } from '../support/held-store.ts'
import { foundInMemory } from '../support/process-memory.ts'

const heldKeyOf = ({ state }: CommandMachine): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(readFileSync(join(state, 'master.key'), 'ascii').trim(), 'hex'))

/** From the copy of the slot: the test has the passphrase. */
async function slotOf({ state }: CommandMachine) {
  const slot = decodeSlot(readFileSync(join(state, 'slot')))
  return {
    masterKey: (await openSlot(slot, passphraseOf(testPassphrase))).bytes,
    repositoryId: slot.repositoryId,
  }
}

const formsOf = (key: Uint8Array): Buffer[] => {
  const bytes = Buffer.from(key)
  return [
    bytes,
    ...(['hex', 'base64', 'base64url'] as const).map((e) => Buffer.from(bytes.toString(e))),
  ]
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const filesWith = (folder: string, secret: Uint8Array): string[] =>
  filesOf(folder).filter((path) => {
    const bytes = readFileSync(path)
    return formsOf(secret).some((form) => bytes.includes(form))
  })

interface StoredPack {
  readonly bytes: Uint8Array
  readonly epoch: number
}

const packsOf = (vaultDirectory: string): StoredPack[] =>
  filesOf(join(vaultDirectory, 'objects'))
    .filter((path) => /\/repositories\/\d+\/(data|tree)\//.test(path))
    .map((path) => {
      const bytes = new Uint8Array(readFileSync(path))
      return { bytes, epoch: decodePackHeader(bytes.subarray(0, packHeaderBytes)).epoch }
    })

/** How many segments of the packs open with these keys, whatever epoch they are said to be of. */
function openSegments(packs: readonly StoredPack[], keys: RepositoryKeys): number {
  let opened = 0
  for (const { bytes } of packs) {
    const header = bytes.slice(0, packHeaderBytes)
    const { directoryBytes } = decodePackHeader(header)
    const { segments } = openDirectory(bytes.slice(0, packHeaderBytes + directoryBytes), keys)
    const ranges = segmentRanges(directoryBytes, segments)
    segments.forEach((facts, ordinal) => {
      const { start = 0, end = 0 } = ranges[ordinal] ?? {}
      try {
        openSegment({ header, ordinal, facts, stored: bytes.slice(start, end) }, keys)
        opened++
      } catch (error) {
        expect(['damaged', 'epoch-closed']).toContain(errorCodeOf(error))
      }
    })
  }
  return opened
}

const sentBy = (ended: Ended): number => {
  expect(ended, ended.stdout).toMatchObject({ code: 0 })
  return Number(ended.event('summary')?.['bytesSent'])
}

const large = 3_000_000
const somePackBytes = 16_384

/** Content that does not compress, so that what is sent twice shows. */
const noise = (seed: number): Buffer => {
  const bytes = Buffer.alloc(large)
  let state = seed
  for (let at = 0; at < large; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes.writeUInt32LE((state ^ (state >>> 15)) >>> 0, at)
  }
  return bytes
}

/** Many commands, each a process. */
const longMs = 240_000

describe('a hardened machine', { timeout: longMs }, () => {
  it('goes on as fast in a new epoch, and opens what was before with the passphrase alone', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    const words = ['--name', 'laptop', '--hardened']
    expect(await registerMachine(machine, await vault.credential(), ...words)).toMatchObject({
      code: 0,
    })
    const folder = join(vault.scratch, 'data')
    mkdirSync(join(folder, 'below'), { recursive: true })
    writeFileSync(join(folder, 'below', 'first'), noise(1))
    await machine.backup('policy', 'include', folder)
    expect(sentBy(await machine.backup('run'))).toBeGreaterThan(large)
    const early = join(vault.scratch, 'early')
    cpSync(machine.state, early, { recursive: true })
    const earlyKey = heldKeyOf(machine)

    const advanced = await machine.backup('epoch', 'advance')
    expect(advanced.event('epoch-begun')).toMatchObject({ epoch: 1 })
    writeFileSync(join(folder, 'second'), 'the second file')
    const changed = sentBy(await machine.backup('run'))
    expect(changed).toBeLessThan(8 * somePackBytes)
    expect((await machine.backup('status')).event('status')).toMatchObject({
      ...{ hardened: true, epoch: 1 },
    })

    // Nothing of the cache is left: the files are read, and found to be there.
    rmSync(join(machine.state, 'cache'), { recursive: true })
    await machine.backup('epoch', 'advance')
    const again = await machine.backup('run')
    expect(sentBy(again)).toBeLessThan(8 * somePackBytes)
    expect(Number(again.event('summary')?.['bytesRead'])).toBeGreaterThan(large)
    writeFileSync(join(folder, 'third'), noise(3))
    const last = await machine.backup('run')
    expect(Number(last.event('summary')?.['bytesRead'])).toBeLessThan(2 * large)

    // All that the machine has opens no pack of an earlier epoch.
    const { masterKey, repositoryId } = await slotOf(machine)
    expect(filesWith(machine.state, masterKey)).toEqual([])
    expect(filesWith(machine.state, earlyKey)).toEqual([])
    const keys = keysOfHeld(new Secret(heldKeyOf(machine)), repositoryId)
    const packs = packsOf(vault.service.directory)
    const [closed, open] = [packs.filter((p) => p.epoch < 2), packs.filter((p) => p.epoch === 2)]
    expect([closed.length > 0, open.length > 0]).toEqual([true, true])
    expect(openSegments(open, keys)).toBeGreaterThan(0)
    for (const epoch of [2, 3, 4]) {
      expect(openSegments(closed, { ...keys, epoch: () => keys.epoch(epoch) })).toBe(0)
    }
    expect(openSegments(closed, keysOfHeld(new Secret(masterKey), repositoryId))).toBeGreaterThan(0)

    // Points of all epochs, for whoever has the passphrase.
    const points = (await machine.backup('points')).events.filter((e) => e.event === 'point')
    expect(points.map(({ state }) => state)).toEqual(['closed', 'closed', 'complete', 'complete'])
    const refused = exitOf(await machine.backup('restore', '--point', 'latest', '--to', 'x'))
    expect(refused).toMatchObject({ code: 12, error: 'epoch-closed' })
    expect(refused['hint']).toContain('--passphrase-file')
    const passphrase = ['--passphrase-file', machine.passphraseFile]
    const opened = (await machine.backup('points', ...passphrase)).events
    expect(opened.flatMap((e) => (e.event === 'point' ? [e['state']] : []))).toEqual(
      points.map(() => 'complete'),
    )
    for (const [at, { pointId }] of points.entries()) {
      const to = join(vault.scratch, `restored-${at}`)
      const restore = ['restore', '--point', String(pointId), '--to', to, ...passphrase]
      expect(await machine.backup(...restore)).toMatchObject({ code: 0 })
      expect(readFileSync(join(to, folder, 'below', 'first')).equals(noise(1))).toBe(true)
    }
    expect(await machine.backup('verify', '--read-data', ...passphrase)).toMatchObject({ code: 0 })
    expect(filesWith(machine.state, masterKey)).toEqual([])

    // A state directory of long ago: the epoch does not fall.
    rmSync(machine.state, { recursive: true })
    cpSync(early, machine.state, { recursive: true })
    writeFileSync(join(folder, 'fourth'), 'the fourth file')
    expect(sentBy(await machine.backup('run'))).toBeLessThan(8 * somePackBytes)
    expect((await machine.backup('status')).event('status')).toMatchObject({ epoch: 2 })
    expect(filesWith(machine.state, earlyKey)).toEqual([])
    const epochs = packsOf(vault.service.directory).map(({ epoch }) => epoch)
    expect(Math.max(...epochs)).toBe(2)
  })

  it('is made of one that was not, when the passphrase is proven, and turned back', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    await machine.backup('policy', 'include', folder)
    sentBy(await machine.backup('run'))
    const masterKey = heldKeyOf(machine)
    expect(masterKey).toHaveLength(32)
    writeFileSync(join(machine.state, '.tmp-of-a-kill'), Buffer.from(masterKey).toString('hex'))

    const wrong = join(vault.scratch, 'wrong')
    writeFileSync(wrong, 'another passphrase of horses', { mode: 0o600 })
    const harden = ['key-store', 'harden', '--passphrase-file']
    expect(exitOf(await machine.backup(...harden, wrong))).toMatchObject({
      ...{ code: 12, error: 'passphrase-wrong' },
    })
    expect(heldKeyOf(machine)).toEqual(masterKey)
    const hardened = await machine.backup(...harden, machine.passphraseFile)
    expect(hardened.event('key-hardened')).toMatchObject({ epoch: 1 })
    expect(filesWith(machine.state, masterKey)).toEqual([])
    expect(existsSync(join(machine.state, '.tmp-of-a-kill'))).toBe(false)
    expect(await machine.backup('doctor')).toMatchObject({ code: expect.any(Number) as number })
    writeFileSync(join(folder, 'other'), 'other content')
    sentBy(await machine.backup('run'))
    // By a timer it verifies what needs no key, and says no more than that.
    const outside = await machine.backup('verify', '--read-data')
    expect(exitOf(outside)).toMatchObject({ code: 0 })
    expect(outside.event('summary')).toMatchObject({ checked: 'objects', points: 2, files: 0 })
    expect(Number(outside.event('summary')?.['packs'])).toBeGreaterThan(1)

    // The key moves as what it is; the passphrase brings back no more than that.
    const passphrase = ['--passphrase-file', machine.passphraseFile]
    rmSync(join(machine.state, 'master.key'))
    expect(await machine.backup('key-store', 'move', 'file', ...passphrase)).toMatchObject({
      code: 0,
    })
    expect(filesWith(machine.state, masterKey)).toEqual([])
    sentBy(await machine.backup('run'))
    expect(await machine.backup('passphrase', 'verify', ...passphrase)).toMatchObject({ code: 0 })

    // What needs the master key itself asks for the passphrase of now.
    const next = join(vault.scratch, 'next')
    writeFileSync(next, 'the next passphrase of horses', { mode: 0o600 })
    const change = ['passphrase', 'change', '--passphrase-file', next]
    expect(exitOf(await machine.backup(...change))).toMatchObject({ error: 'epoch-closed' })
    const old = ['--old-passphrase-file', machine.passphraseFile]
    expect(exitOf(await machine.backup(...change, ...old))).toMatchObject({ error: 'pin-required' })
    const recipient = await identityToRecipient(await generateIdentity())
    const escrow = ['key-store', 'escrow', '--recipient', recipient, '--out']
    const file = join(vault.scratch, 'escrow')
    expect(exitOf(await machine.backup(...escrow, file))).toMatchObject({ error: 'epoch-closed' })
    expect(await machine.backup(...escrow, file, ...passphrase)).toMatchObject({ code: 0 })
    const unlock = ['--unlock-file', machine.passphraseFile]
    expect(exitOf(await machine.backup('key-store', 'move', 'none', ...unlock))).toMatchObject({
      code: 2,
    })

    const softened = await machine.backup('key-store', 'soften', ...passphrase)
    expect(softened.event('key-softened')).toMatchObject({ epoch: 1 })
    expect(heldKeyOf(machine)).toEqual(masterKey)
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
    expect(exitOf(await machine.backup('epoch', 'advance'))).toMatchObject({ code: 2 })

    const packs = filesOf(join(vault.service.directory, 'objects')).filter((path) =>
      /\/repositories\/\d+\/data\//.test(path),
    )
    for (const path of packs) {
      const bytes = readFileSync(path)
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
      writeFileSync(path, bytes)
    }
    const damaged = await machine.backup('verify', '--objects-only', '--read-data')
    expect(exitOf(damaged)).toMatchObject({ code: 4 })
    const ids = damaged.events.flatMap((e) => (e.event === 'damage' ? [String(e['id'])] : []))
    expect(ids.sort()).toEqual(packs.map((path) => path.split('/').at(-1)).sort())
    expect(damaged.event('summary')).toMatchObject({ checked: 'objects', paths: 3 })
  })

  it('keeps nothing at all where the passphrase is asked for, and uses only what it would keep', async () => {
    const vault = await startAgentVault()
    const env = { BACKUP_PASSPHRASE_FILE: join(vault.scratch, 'laptop', 'passphrase') }
    const machine = bareMachine(vault.scratch, 'laptop', { env })
    const words = ['--name', 'laptop', '--hardened', '--key-store', 'none']
    expect(await registerMachine(machine, await vault.credential(), ...words)).toMatchObject({
      code: 0,
    })
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    await machine.backup('policy', 'include', folder)
    sentBy(await machine.backup('run'))
    expect((await machine.backup('epoch', 'advance')).event('epoch-begun')).toMatchObject({
      epoch: 1,
    })
    writeFileSync(join(folder, 'other'), 'content')
    sentBy(await machine.backup('run'))
    expect(existsSync(join(machine.state, 'master.key'))).toBe(false)
    const epochs = packsOf(vault.service.directory).map(({ epoch }) => epoch)
    expect(new Set(epochs)).toEqual(new Set([0, 1]))
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })

    const file = join(machine.state, 'registration.json')
    const registration = readFileSync(file, 'utf8')
    writeFileSync(file, registration.replace(/"month": "[0-9-]+"/, '"month": "2026-01"'))
    sentBy(await machine.backup('run'))
    sentBy(await machine.backup('run'))
    expect((await machine.backup('status')).event('status')).toMatchObject({ epoch: 2 })

    // Whoever takes its place goes on in its epoch, or a later one.
    const spare = bareMachine(vault.scratch, 'spare')
    const recover = ['recover', '--takeover', '--vault-credentials']
    recover.push(await vault.credential('laptop'), '--passphrase-file', spare.passphraseFile)
    const asked = (await spare.backup(...recover)).event('pin-required')
    const { pin } = await issuePin(vault.service.vault, String(asked?.['requestCode']))
    expect(await spare.backup(...recover, '--pin', pin)).toMatchObject({ code: 0 })
    writeFileSync(join(folder, 'third'), 'content')
    expect(sentBy(await spare.backup('run'))).toBeLessThan(8 * somePackBytes)
    expect((await spare.backup('status')).event('status')).toMatchObject({
      ...{ hardened: false, epoch: 2 },
    })
    const harden = ['key-store', 'harden', '--passphrase-file', spare.passphraseFile]
    expect((await spare.backup(...harden)).event('key-hardened')).toMatchObject({ epoch: 3 })
  })
})

/** Nobody but root looks into the memory of a process that forbids core files. */
const canLook = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(canLook)('the memory of a run', () => {
  it.each([
    ['of a hardened machine holds no master key', ['--hardened'], ['K_index', 'E']],
    ['of another machine does: the search finds it', [], ['K_index', 'master key']],
  ])('%s', async (_, words, expected) => {
    const gate = createGate()
    const vault = await startAgentVault(
      beforeWrites((key) => (kindOfKey(key) === 'manifest' ? gate.pass() : Promise.resolve())),
    )
    const machine = bareMachine(vault.scratch, 'laptop')
    const named = ['--name', 'laptop', ...words]
    expect(await registerMachine(machine, await vault.credential(), ...named)).toMatchObject({
      code: 0,
    })
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), noise(1))
    await machine.backup('policy', 'include', folder)
    const { masterKey, repositoryId } = await slotOf(machine)
    const held = heldKeyOf(machine)
    const { index } = keysOfHeld(new Secret(held), repositoryId)
    const epochSecret = held.length === 32 ? held : held.slice(-64, -32)

    const run = machine.start('run')
    await gate.reached
    const found = foundInMemory(run.pid ?? 0, {
      'master key': formsOf(masterKey),
      K_index: formsOf(index),
      ...(held.length > 32 && { E: formsOf(epochSecret) }),
    })
    const limits = readFileSync(`/proc/${run.pid ?? 0}/limits`, 'ascii')
    gate.open()
    expect(await run.result).toMatchObject({ code: 0 })
    expect(found).toEqual(new Set(expected))
    expect(limits).toMatch(/^Max core file size +0 +0 /m)
  })
})
