/** Registering twice, under a name that is taken, in the place of an earlier registration; and leaving. */

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listMachines } from '../../src/vault/catalog/machines.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  type CommandMachine,
} from '../support/commands.ts'
import { filesBelow } from '../support/file-snapshot.ts'

const text = expect.stringMatching(/\w/) as string

/** What the vault knows: names and states, in the order of registration. */
async function machinesAt({ service }: AgentVault): Promise<string[]> {
  const machines = await listMachines(service.vault.catalog, service.vaultId)
  return machines.sort((a, b) => a.serial - b.serial).map(({ name, state }) => `${name} ${state}`)
}

async function includeFolder({ scratch }: AgentVault, machine: CommandMachine): Promise<void> {
  const folder = join(scratch, 'data')
  mkdirSync(folder, { recursive: true })
  await machine.backup('policy', 'include', folder)
}

const statusOf = async (machine: CommandMachine) => (await machine.backup('status')).event('status')

describe('registration', () => {
  it('is refused where there is one, which is named, and stays', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const before = filesBelow(machine.state)
    const again = await registerMachine(machine, await vault.credential(), '--name', 'other')
    expect(exitOf(again)).toMatchObject({ code: 2, error: 'already-registered' })
    expect(exitOf(again)['message']).toContain('laptop with the vault home')
    expect(exitOf(again)['hint']).toContain('--replace')
    expect(filesBelow(machine.state)).toEqual(before)
    expect(await machinesAt(vault)).toEqual(['laptop active'])
  })

  it('is refused under the name of another machine', async () => {
    const vault = await startAgentVault()
    const first = await registeredMachine(vault, 'laptop')
    const second = bareMachine(vault.scratch, 'second')
    const ended = await registerMachine(second, await vault.credential(), '--name', 'laptop')
    expect(exitOf(ended)).toMatchObject({ code: 1, error: 'name-taken', hint: text })
    expect(exitOf(ended)['message']).toContain('"laptop"')
    expect(filesBelow(second.state)).toEqual({})
    expect(await first.backup('points')).toMatchObject({ code: 0 })
  })

  it('says the fingerprint of the repository, and status says where the machine is registered', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    const ended = await registerMachine(machine, await vault.credential(), '--name', 'laptop')
    expect(ended.event('registered')).toMatchObject({
      vault: 'home',
      machine: 'laptop',
      fingerprint: expect.stringMatching(/^([0-9a-f]{4} ){3}[0-9a-f]{4}$/) as string,
    })
    expect(await statusOf(machine)).toMatchObject({
      ...{ registered: true, vault: 'home', machine: 'laptop', access: 'full', key: 'file' },
      ...{ address: '127.0.0.1', port: vault.service.port, stateDirectory: machine.state },
    })
  })
})

describe('--replace', () => {
  it('takes the same name again; what is backed up stays said', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    await includeFolder(vault, machine)
    await machine.backup('run')
    const old = await statusOf(machine)
    const name = ['--name', 'laptop', '--replace']
    const ended = await registerMachine(machine, await vault.credential(), ...name)
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.event('warning')).toBeUndefined()
    expect((await statusOf(machine))?.['machineId']).not.toBe(old?.['machineId'])
    expect(await machinesAt(vault)).toEqual(['laptop retired', 'laptop active'])
    expect((await machine.backup('points')).event('point')).toBeUndefined()
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
  })

  it('moves to another vault, and tells the old one', async () => {
    const [from, to] = [await startAgentVault(), await startAgentVault()]
    const machine = await registeredMachine(from)
    const ended = await registerMachine(machine, await to.credential(), '--name', 'l', '--replace')
    expect(ended).toMatchObject({ code: 0 })
    expect(await machinesAt(from)).toEqual(['laptop retired'])
    expect(await statusOf(machine)).toMatchObject({ machine: 'l', port: to.service.port })
  })

  it('leaves a vault behind that is gone, and says that it could not be told', async () => {
    const [from, to] = [await startAgentVault(), await startAgentVault()]
    const machine = await registeredMachine(from)
    await from.service.stop()
    const ended = await registerMachine(machine, await to.credential(), '--name', 'l', '--replace')
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.event('warning')?.['message']).toContain('could not be ended')
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })

  it('changes nothing where the name belongs to another machine', async () => {
    const vault = await startAgentVault()
    await registeredMachine(vault, 'desktop')
    const machine = await registeredMachine(vault, 'laptop')
    const before = filesBelow(machine.state)
    const name = ['--name', 'desktop', '--replace']
    const ended = await registerMachine(machine, await vault.credential(), ...name)
    expect(exitOf(ended)).toMatchObject({ code: 1, error: 'name-taken' })
    expect(filesBelow(machine.state)).toEqual(before)
    expect(await machinesAt(vault)).toEqual(['desktop active', 'laptop active'])
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })

  it('registers a machine that was not registered', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    expect(await registerMachine(machine, await vault.credential(), '--replace')).toMatchObject({
      code: 0,
    })
  })
})

describe('unregister', () => {
  it('takes the keys away, tells the vault, and leaves the points and the name', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    await includeFolder(vault, machine)
    await machine.backup('run')
    const ended = await machine.backup('unregister', '--yes')
    expect(ended.event('unregistered')).toMatchObject({ machine: 'laptop', vault: 'home' })
    for (const name of ['master.key', 'machine.key', 'registration.json']) {
      expect(existsSync(join(machine.state, name))).toBe(false)
    }
    expect(await machine.backup('status')).toMatchObject({ code: 10 })
    expect(await machinesAt(vault)).toEqual(['laptop retired'])
    await registeredMachine(vault)
    expect(await machinesAt(vault)).toEqual(['laptop retired', 'laptop active'])
  })

  it('asks first, and does nothing where nobody can answer', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault)
    const ended = await machine.backup('unregister')
    expect(exitOf(ended)).toMatchObject({ code: 2, hint: 'Use --yes.' })
    expect(await machine.backup('points')).toMatchObject({ code: 0 })
  })

  it('keeps everything where the vault can not be told, unless that does not matter', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop', { env: { BACKUP_RETRY_SECONDS: '0' } })
    const before = filesBelow(machine.state)
    await vault.service.stop()
    expect(await machine.backup('unregister', '--yes')).toMatchObject({ code: 20 })
    expect(filesBelow(machine.state)).toEqual(before)
    expect(await machine.backup('unregister', '--yes', '--offline')).toMatchObject({ code: 0 })
    expect(filesBelow(machine.state)).toEqual({})
  })
})
