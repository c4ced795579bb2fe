/** A lost machine: its points on a bare one, with a recovery credential and the passphrase, and not without. */

import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { certificatesOf } from '../../src/vault/catalog/certificates.ts'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'
import { filesBelow, treeBelow } from '../support/file-snapshot.ts'

function writeTree(folder: string): void {
  mkdirSync(join(folder, 'inner', 'empty'), { recursive: true, mode: 0o750 })
  writeFileSync(join(folder, 'inner', 'file'), 'content', { mode: 0o640 })
  writeFileSync(join(folder, 'large'), 'many bytes '.repeat(100_000))
  symlinkSync('inner/file', join(folder, 'link'))
  utimesSync(join(folder, 'inner', 'file'), 1_000_000_000, 1_000_000_000.123)
}

interface Lost {
  readonly vault: AgentVault
  readonly machine: CommandMachine
  readonly folder: string
}

/** A machine with one point of a folder. */
async function machineWithPoint(): Promise<Lost> {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop')
  const folder = join(vault.scratch, 'data')
  writeTree(folder)
  await machine.backup('policy', 'include', folder)
  expect(await machine.backup('run')).toMatchObject({ code: 0 })
  return { vault, machine, folder }
}

async function recover({ vault }: Lost, onto: CommandMachine): Promise<Ended> {
  const credential = await vault.credential('laptop')
  const words = ['recover', '--vault-credentials', credential]
  return onto.backup(...words, '--passphrase-file', onto.passphraseFile)
}

const certificates = async ({ service }: AgentVault) => {
  const { id } = await oneMachine(service.vault, { machine: 'laptop' })
  return certificatesOf(service.vault.catalog, id)
}

describe('recovery on a bare machine', () => {
  it('gives back every point that there was, as it was', async () => {
    const lost = await machineWithPoint()
    const { vault, machine, folder } = lost
    const first = treeBelow(folder)
    writeFileSync(join(folder, 'later'), 'later')
    const second = treeBelow(folder)
    const run = await machine.backup('run')
    rmSync(machine.state, { recursive: true })
    rmSync(folder, { recursive: true })

    const spare = bareMachine(vault.scratch, 'spare')
    const recovered = await recover(lost, spare)
    expect(recovered.event('recovered')).toMatchObject({ vault: 'home', machine: 'laptop' })
    const { events } = await spare.backup('points')
    const points = events.filter(({ event }) => event === 'point')
    expect(points.map((point) => point['seq'])).toEqual([1, 2])
    expect(points[1]?.['pointId']).toBe(run.event('summary')?.['pointId'])
    const restored = async (point: unknown) => {
      const to = join(vault.scratch, `restored-${String(point)}`)
      const words = ['restore', '--point', String(point), '--to', to]
      expect(await spare.backup(...words)).toMatchObject({ code: 0 })
      return treeBelow(join(to, folder))
    }
    expect(await restored(points[0]?.['pointId'])).toEqual(first)
    expect(await restored('latest')).toEqual(second)
  })

  it('hands nothing out for a wrong passphrase', async () => {
    const lost = await machineWithPoint()
    const spare = bareMachine(lost.vault.scratch, 'spare')
    writeFileSync(spare.passphraseFile, 'correct horse battery stable\n')
    const before = await certificates(lost.vault)
    expect(exitOf(await recover(lost, spare))).toMatchObject({
      ...{ code: 12, name: 'refused-credential', error: 'passphrase-wrong' },
      hint: expect.stringMatching(/\w/) as string,
    })
    expect(filesBelow(spare.state)).toEqual({})
    expect(await certificates(lost.vault)).toEqual(before)
    expect(await spare.backup('points')).toMatchObject({ code: 10 })
  })

  it('takes the passphrase in either form of Unicode', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    writeFileSync(machine.passphraseFile, 'Zwölf Boxkämpfer jagen'.normalize('NFC'))
    const name = ['--name', 'laptop']
    expect(await registerMachine(machine, await vault.credential(), ...name)).toMatchObject({
      code: 0,
    })
    const spare = bareMachine(vault.scratch, 'spare')
    writeFileSync(spare.passphraseFile, 'Zwölf Boxkämpfer jagen\n'.normalize('NFD'))
    expect(await recover({ vault, machine, folder: '' }, spare)).toMatchObject({ code: 0 })
  })

  it('only reads: the recovered machine can not back up, and does not disturb the old one', async () => {
    const lost = await machineWithPoint()
    const spare = bareMachine(lost.vault.scratch, 'spare')
    expect(await recover(lost, spare)).toMatchObject({ code: 0 })
    expect((await spare.backup('status')).event('status')).toMatchObject({ access: 'read-only' })
    const refused = {
      code: 12,
      error: 'read-only',
      hint: expect.stringContaining('--replace') as string,
    }
    expect(exitOf(await spare.backup('run'))).toMatchObject(refused)
    await spare.backup('policy', 'include', lost.folder)
    expect(exitOf(await spare.backup('run'))).toMatchObject(refused)
    expect(await spare.backup('unregister', '--yes')).toMatchObject({ code: 0 })
    expect(await lost.machine.backup('run')).toMatchObject({ code: 0 })
  })

  it('is not for a machine that is registered: it stays what it is', async () => {
    const lost = await machineWithPoint()
    const before = filesBelow(lost.machine.state)
    const ended = await recover(lost, lost.machine)
    expect(exitOf(ended)).toMatchObject({ code: 2, error: 'already-registered' })
    expect(exitOf(ended)['hint']).toContain('BACKUP_STATE_DIR')
    expect(filesBelow(lost.machine.state)).toEqual(before)
  })

  it('can be followed by a registration of its own', async () => {
    const lost = await machineWithPoint()
    const spare = bareMachine(lost.vault.scratch, 'spare')
    await recover(lost, spare)
    const credential = await lost.vault.credential()
    const ended = await registerMachine(spare, credential, '--name', 'spare', '--replace')
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.event('warning')).toBeUndefined()
    await spare.backup('policy', 'include', lost.folder)
    expect(await spare.backup('run')).toMatchObject({ code: 0 })
    expect(await lost.machine.backup('run')).toMatchObject({ code: 0 })
  })
})
