/** How commands end: the exit status, the same with and without `--json`, and the exit record that comes last. */

import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BackupError } from '../../src/base/errors.ts'
import { oneMachine, revokeMachine } from '../../src/vault/operator/machines.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  run,
  type CommandMachine,
} from '../support/commands.ts'
import { afterFirstPack, beforeWrites, createGate, kindOfKey } from '../support/held-store.ts'
import { scratchDirectory } from '../support/scratch.ts'

const text = expect.stringMatching(/\w/) as string

/** A registered machine that includes a folder with so many random bytes. */
async function machineWith(vault: AgentVault, sizeBytes: number): Promise<CommandMachine> {
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), randomBytes(sizeBytes))
  await machine.backup('policy', 'include', folder)
  return machine
}

/** The files of objects at the vault, of data packs if nothing else is said. */
function packsOf({ service }: AgentVault, kinds = 'data'): string[] {
  const objects = join(service.directory, 'objects')
  const names = readdirSync(objects, { recursive: true, encoding: 'utf8' })
  return names
    .map((name) => join(objects, name))
    .filter((path) => new RegExp(`/(${kinds})/../[0-9a-f]{64}$`).test(path))
}

describe('wrong usage', () => {
  it.each<readonly [string, readonly string[]]>([
    ['no command', []],
    ['an unknown command', ['nonsense']],
    ['an unknown option', ['run', '--nonsense']],
    ['an argument too many', ['points', 'list', 'nonsense']],
    ['a missing argument', ['ls']],
    ['a missing option', ['restore', '--point', 'latest']],
    ['a name of a source that is none', ['policy', 'show', '--source', 'No Name']],
    ['a name of a machine that is none', ['register', '--vault-credentials', 'x', '--name', '/']],
  ])('ends with 2: %s', async (_, words) => {
    const env = { BACKUP_STATE_DIR: join(scratchDirectory(), 'state') }
    const told = await run('backup', words, { env })
    expect(told).toMatchObject({ code: 2, stdout: '', stderr: text })
    const json = await run('backup', [...words, '--json'], { env })
    expect(json).toMatchObject({ code: 2, stderr: '' })
    const record = { event: 'exit', code: 2, name: 'usage', error: 'usage', message: text }
    expect(json.events).toEqual([{ ...record, hint: text }])
  })

  it('is neither to ask for help nor for the version', async () => {
    for (const words of [['--help'], ['--version'], ['run', '--help'], ['help', 'restore']]) {
      const ended = await run('backup', [...words, '--json'])
      expect(ended).toMatchObject({ code: 0 })
      expect(exitOf(ended)).toMatchObject({ code: 0, name: 'done' })
    }
  })
})

describe('a machine that is not registered', () => {
  it.each([
    'run',
    'points',
    'points show latest',
    'ls latest',
    'restore --point latest --to x',
    'verify',
    'status',
    'unregister --yes',
  ])('ends with 10: %s', async (line) => {
    const machine = bareMachine(scratchDirectory(), 'bare')
    const ended = await machine.backup(...line.split(' '))
    expect(ended).toMatchObject({ code: 10, stderr: '' })
    expect(exitOf(ended)).toMatchObject({ code: 10, name: 'not-registered' })
  })

  it('is told what helps', async () => {
    const env = { BACKUP_STATE_DIR: join(scratchDirectory(), 'state') }
    const ended = await run('backup', ['run'], { env })
    expect(ended).toMatchObject({ code: 10, stdout: '' })
    expect(ended.stderr).toContain('not registered')
    expect(ended.stderr).toContain('backup register --vault-credentials FILE')
  })
})

describe('damage at the vault', () => {
  it('ends a verification with 4, and names the object and the file that need it', async () => {
    const vault = await startAgentVault()
    const machine = await machineWith(vault, 100_000)
    await machine.backup('run')
    const [pack = ''] = packsOf(vault)
    const bytes = readFileSync(pack)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(pack, bytes)
    const verified = await machine.backup('verify', '--read-data')
    expect(exitOf(verified)).toMatchObject({ code: 4, name: 'damage', hint: text })
    expect(verified.event('damage')).toMatchObject({
      id: pack.slice(-64),
      paths: [{ path: join(vault.scratch, 'data', 'file') }],
    })
    const to = join(vault.scratch, 'restored')
    const restored = await machine.backup('restore', '--point', 'latest', '--to', to)
    expect(exitOf(restored)).toMatchObject({ code: 3, name: 'left-out' })
    expect(restored.event('failure')?.['path']).toBe(join(vault.scratch, 'data', 'file'))
  })
})

/** A run of 40 MiB that has sent one pack and waits. */
async function heldRun() {
  const gate = createGate()
  const vault = await startAgentVault(afterFirstPack(gate))
  const machine = await machineWith(vault, 40 << 20)
  onTestFinished(() => gate.open())
  const child = machine.start('run')
  await gate.reached
  return { gate, vault, machine, child }
}

/** Resolves when the command says so with `--json`. */
const said = ({ stdout }: ChildProcess, kind: string): Promise<void> =>
  new Promise((resolve) => {
    let text = ''
    stdout?.on('data', (part: Buffer) => {
      text += part.toString()
      if (text.includes(`{"event":"${kind}"`)) resolve()
    })
  })

describe('a run', () => {
  it('that is not alone ends with 11, and the other one goes on', async () => {
    const { gate, machine, child } = await heldRun()
    const second = await machine.backup('run')
    expect(exitOf(second)).toMatchObject({ code: 11, name: 'busy', error: 'busy', hint: text })
    gate.open()
    expect(exitOf(await child.result)).toMatchObject({ code: 0 })
  })

  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const)(
    'ends on %s with %i, and the next one uses what was sent',
    async (signal, code, name) => {
      const { gate, vault, machine, child } = await heldRun()
      const isEnding = said(child, 'ending')
      child.kill(signal)
      await isEnding
      gate.open()
      expect(exitOf(await child.result)).toMatchObject({ code, name, message: text })
      expect((await machine.backup('points')).event('point')).toBeUndefined()
      // The packs that were on their way, too.
      expect(packsOf(vault).length).toBeGreaterThan(1)
      const sizeOf = (paths: string[]) => paths.reduce((sum, path) => sum + statSync(path).size, 0)
      const sent = sizeOf(packsOf(vault))
      const job = (await machine.backup('jobs')).event('job')
      const bytes = sizeOf(packsOf(vault, 'data|tree|index'))
      expect(job).toMatchObject({ outcome: 'interrupted', bytesSent: bytes, bytesStored: bytes })
      const summary = (await machine.backup('run')).event('summary')
      expect(summary).toMatchObject({ outcome: 'done', bytesRead: 40 << 20 })
      // Padding is up to a thirtieth; without what was sent it would be all of the 40 MiB.
      expect(summary?.['bytesSent']).toBeLessThan((42 << 20) - sent)
    },
  )

  it('ends with 12 when its machine is revoked meanwhile: the next request is refused', async () => {
    const { gate, vault, machine, child } = await heldRun()
    const { vault: opened } = vault.service
    await revokeMachine(opened, await oneMachine(opened, { machine: 'laptop' }))
    gate.open()
    const refused = { code: 12, name: 'refused-credential', error: 'certificate-refused' }
    expect(exitOf(await child.result)).toMatchObject({ ...refused, message: text })
    expect(exitOf(await machine.backup('run'))).toMatchObject(refused)
  })

  it('ends with 21 when the disk of the vault is full, and goes on when there is room', async () => {
    let isFull = true
    const withoutRoom = beforeWrites((key) => {
      const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      return isFull && kindOfKey(key) === 'data' ? Promise.reject(full) : Promise.resolve()
    })
    const machine = await machineWith(await startAgentVault(withoutRoom), 100_000)
    expect(exitOf(await machine.backup('run'))).toMatchObject({
      ...{ code: 21, name: 'full', error: 'vault-full' },
      ...{ message: text, hint: text },
    })
    expect((await machine.backup('points')).event('point')).toBeUndefined()
    isFull = false
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
  })

  it('ends with 22 when the vault refuses by its rules of retention', async () => {
    const refusing = beforeWrites((key) =>
      key.endsWith('/commit')
        ? Promise.reject(new BackupError('retention-refused', 'This vault takes no points now.'))
        : Promise.resolve(),
    )
    const machine = await machineWith(await startAgentVault(refusing), 100_000)
    expect(exitOf(await machine.backup('run'))).toMatchObject({
      ...{ code: 22, name: 'refused-retention', error: 'retention-refused' },
      message: 'This vault takes no points now.',
    })
  })
})
