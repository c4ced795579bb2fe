/** The life of points from the outside: what the commands say, refuse and do, while the vault's clock is set by hand. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../src/base/clock.ts'
import { confirmTime } from '../../src/vault/clock/vault-time.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  exitOf,
  registeredMachine,
  run,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'

interface Protected {
  readonly vault: AgentVault
  readonly machine: CommandMachine
  /** Ids of four points, an hour apart, made `daysAgo`: the first has all tags, the others have none. */
  readonly points: readonly string[]
  /** `backup-vault … --json` on the vault's directory, by this machine's own clock. */
  readonly operator: (...words: string[]) => Promise<Ended>
  readonly passDays: (days: number) => Promise<void>
}

async function fourPoints(daysAgo: number): Promise<Protected> {
  const vault = await startAgentVault()
  const { clock, vault: opened, running, directory } = vault.service
  const machine = await registeredMachine(vault)
  clock.add(-daysAgo * dayMs - 4 * hourMs)
  await confirmTime(opened)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  await machine.backup('policy', 'include', folder)
  const points: string[] = []
  for (let version = 1; version <= 4; version++) {
    writeFileSync(join(folder, 'file'), `version ${version}`)
    points.push(await newPoint(machine))
    clock.add(hourMs)
  }
  return {
    ...{ vault, machine, points },
    operator: (...words) => run('backup-vault', ['--dir', directory, '--json', ...words]),
    passDays: async (days) => {
      for (let day = 0; day < days; day++) {
        clock.add(dayMs)
        await running.lookAfter()
      }
    },
  }
}

async function newPoint(machine: CommandMachine): Promise<string> {
  const made = await machine.backup('run')
  expect(made, made.stdout).toMatchObject({ code: 0 })
  return String(made.event('summary')?.['pointId'])
}

const at = (points: readonly string[], index: number): string => points[index] ?? ''
const refusedAs = (error: string) => ({ code: 22, name: 'refused-retention', error })

async function listed({ machine }: Protected): Promise<Record<string, unknown>> {
  const { events } = await machine.backup('points')
  const rows = events.filter(({ event }) => event === 'point')
  return Object.fromEntries(rows.map((row) => [String(row['pointId']), row['deletedUntil']]))
}

/** Deletes as a person and an operator do together. */
async function deleteWithPin(what: Protected, id: string): Promise<Ended> {
  const asked = await what.machine.backup('points', 'delete', id)
  expect(exitOf(asked)).toMatchObject(refusedAs('pin-required'))
  const code = String(asked.event('pin-required')?.['requestCode'])
  const given = (await what.operator('pin', code)).event('pin')
  expect(given).toMatchObject({ machine: 'laptop', operation: 'points-delete' })
  return await what.machine.backup('points', 'delete', id, '--pin', String(given?.['pin']))
}

describe('points delete', { timeout: 180_000 }, () => {
  it('needs a PIN for just that, keeps the point takable, and ends it after two weeks', async () => {
    const what = await fourPoints(20)
    const { machine, points, operator, passDays } = what
    const [, second, third] = [...points] as [string, string, string, string]

    const locked = await machine.backup('points', 'delete', second)
    expect(exitOf(locked)).toMatchObject(refusedAs('retention-refused'))
    expect(exitOf(locked)['message']).toContain('locked until')
    await passDays(20)

    const asked = await machine.backup('points', 'delete', second)
    const code = String(asked.event('pin-required')?.['requestCode'])
    const wrong = await machine.backup('points', 'delete', second, '--pin', '12345678')
    expect(exitOf(wrong)).toMatchObject(refusedAs('pin-refused'))
    const pin = String((await operator('pin', code)).event('pin')?.['pin'])
    const other = await machine.backup('points', 'delete', third, '--pin', pin)
    expect(exitOf(other)).toMatchObject(refusedAs('pin-refused'))
    const done = await machine.backup('points', 'delete', second, '--pin', pin)
    expect(done.event('point-deleted')).toMatchObject({ pointId: second, state: 'deleted' })
    expect(await listed(what)).toMatchObject({
      [second]: done.event('point-deleted')?.['deletedUntil'],
      [third]: null,
    })
    const out = join(what.vault.scratch, 'out')
    expect(await machine.backup('restore', '--point', second, '--to', out)).toMatchObject({
      code: 0,
    })

    expect(await machine.backup('points', 'undelete', second)).toMatchObject({ code: 0 })
    const replayed = await machine.backup('points', 'delete', second, '--pin', pin)
    expect(exitOf(replayed)).toMatchObject(refusedAs('pin-refused'))
    expect(await deleteWithPin(what, second)).toMatchObject({ code: 0 })
    await passDays(14)
    expect(Object.keys(await listed(what))).not.toContain(second)
    expect(exitOf(await machine.backup('points', 'undelete', second))).toMatchObject({
      error: 'unknown-point',
    })
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  })

  it('of the newest point leaves the next run its place', async () => {
    const what = await fourPoints(20)
    const { machine, points, passDays } = what
    const newest = at(points, 3)
    await passDays(20)
    expect(await deleteWithPin(what, newest)).toMatchObject({ code: 0 })
    const shown = await machine.backup('points', 'show', 'latest')
    expect(shown.event('point')).toMatchObject({ pointId: at(points, 2) })
    await passDays(14)
    const next = await newPoint(machine)
    expect(Object.keys(await listed(what))).toEqual([...points.slice(0, 3), next])
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  })
})

describe('retention', { timeout: 180_000 }, () => {
  it('is planned, comes true with the machine gone, and never takes the last point', async () => {
    const what = await fourPoints(20)
    const { points, operator, passDays, machine } = what
    await passDays(20)
    expect((await operator('collect')).event('collected')).toMatchObject({ skipped: [] })
    const plan = (await operator('retention', 'plan', '--days', '30')).events
    const planned = plan.filter(({ event }) => event === 'planned')
    expect(planned.map((row) => row['pointId'])).toEqual([at(points, 1), at(points, 2)])
    expect(planned[0]?.['reasons']).toMatchObject([{ kind: 'untagged' }])
    expect(plan.find(({ event }) => event === 'plan')).toMatchObject({ points: 2 })
    const told = (await machine.backup('policy', 'plan', '--all')).events
    expect(told.find((row) => row['pointId'] === at(points, 1))).toEqual({
      ...planned[0],
      machine: undefined,
      machineId: undefined,
    })
    expect(told.find((row) => row['pointId'] === at(points, 3))).toMatchObject({
      reasons: [{ kind: 'last' }, { kind: 'untagged' }],
    })
    expect(await operator('hold', 'set', 'laptop', '--point', at(points, 2))).toMatchObject({
      code: 0,
    })
    await passDays(11)
    expect(await listed(what)).toMatchObject({
      [at(points, 0)]: null,
      [at(points, 1)]: expect.any(Number) as number,
      [at(points, 2)]: null,
      [at(points, 3)]: null,
    })
    await passDays(14)
    expect(Object.keys(await listed(what))).toEqual([at(points, 0), at(points, 2), at(points, 3)])
    const out = join(what.vault.scratch, 'out')
    expect(await machine.backup('restore', '--point', 'latest', '--to', out)).toMatchObject({
      code: 0,
    })
  })

  it('waits for the operator when the clock has jumped', async () => {
    const what = await fourPoints(29)
    const { vault, points, operator, passDays, machine } = what
    await passDays(29)
    vault.service.clock.add(10 * dayMs)
    await vault.service.running.lookAfter()
    expect((await operator('clock')).event('clock')).toMatchObject({ state: 'suspended' })
    expect((await operator('status')).event('status')).toMatchObject({ clock: 'suspended' })
    expect((await operator('retention', 'apply')).event('retention-applied')).toMatchObject({
      suspended: true,
      expired: 0,
    })
    await newPoint(machine)
    vault.service.clock.set(Date.now())
    await vault.service.running.lookAfter()
    expect((await operator('clock', 'confirm')).event('clock-confirmed')?.['jump']).not.toBeNull()
    expect(await operator('clock', 'confirm')).toMatchObject({ code: 0 })
    expect(Object.values(await listed(what))).toEqual([null, null, null, null, null])
    await passDays(2)
    expect(await listed(what)).toMatchObject({ [at(points, 1)]: expect.any(Number) as number })
  })

  it('is refused where a vault would keep deleted points too short or too long', async () => {
    const { operator } = await fourPoints(1)
    for (const days of ['13', '181', 'x']) {
      expect(await operator('vault', 'set-soft-delete', 'home', days)).toMatchObject({ code: 2 })
    }
    expect(await operator('vault', 'set-soft-delete', 'home', '180')).toMatchObject({ code: 0 })
    for (const words of [['nobody'], ['laptop', '--source', 'no'], ['laptop', '--point', 'ffff']]) {
      expect((await operator('hold', 'set', ...words)).code).not.toBe(0)
    }
    expect((await operator('hold', 'list')).events).toHaveLength(1)
  })
})

describe('what the vault keeps', { timeout: 180_000 }, () => {
  it('is made longer at once, shorter with a PIN and later, and immutable', async () => {
    const what = await fourPoints(30)
    const { machine, points, operator, passDays } = what
    const retention = (...words: string[]) => machine.backup('policy', 'retention', ...words)
    expect((await retention('set', '--daily', '40')).event('retention')).toMatchObject({
      policy: { keep: { daily: 40, weekly: 12 } },
      pending: null,
    })
    const asked = await retention('set', '--daily', '8', '--month-day', 'last-fri')
    expect(exitOf(asked)).toMatchObject(refusedAs('pin-required'))
    const code = String(asked.event('pin-required')?.['requestCode'])
    const given = (await operator('pin', code)).event('pin')
    expect(given).toMatchObject({ operation: 'retention-shorten', details: ['daily: 40 -> 8'] })
    const pin = String(given?.['pin'])
    const other = await retention('set', '--daily', '7', '--month-day', 'last-fri', '--pin', pin)
    expect(exitOf(other)).toMatchObject(refusedAs('pin-refused'))
    const words = ['--daily', '8', '--month-day', 'last-fri', '--pin', pin]
    expect((await retention('set', ...words)).event('retention')).toMatchObject({
      pending: { policy: { keep: { daily: 8 }, monthly: { nth: 5, weekday: 5 } } },
    })
    const kept = await machine.backup('points', 'keep', at(points, 2), '--until', '2037-01-01')
    expect(kept).toMatchObject({ code: 0 })
    await passDays(15)
    expect(await listed(what)).toMatchObject({
      [at(points, 1)]: expect.any(Number) as number,
      [at(points, 2)]: null,
    })
    expect(await operator('immutability', 'home', 'lock')).toMatchObject({ code: 2 })
    const locked = await operator('immutability', 'home', 'lock', '--confirm', 'home')
    expect(locked.event('immutability')).toMatchObject({ immutability: 'locked' })
    expect(await operator('rebuild-catalog')).toMatchObject({ code: 0 })
    expect(exitOf(await operator('immutability', 'home', 'off'))).toMatchObject(
      refusedAs('retention-refused'),
    )
    const deletion = await machine.backup('points', 'delete', at(points, 2))
    expect(exitOf(deletion)).toMatchObject(refusedAs('retention-refused'))
    const leaving = await machine.backup('unregister', '--yes', '--delete-data')
    expect(exitOf(leaving)).toMatchObject(refusedAs('retention-refused'))
    const out = join(what.vault.scratch, 'out')
    const restored = await machine.backup('restore', '--point', at(points, 2), '--to', out)
    expect(restored).toMatchObject({ code: 0 })

    const file = join(what.vault.scratch, 'policy.yaml')
    const apply = async (daily: number) => {
      const folder = join(what.vault.scratch, 'data')
      writeFileSync(file, `include: [${folder}]\nretention: {daily: ${daily}}\n`)
      expect(await machine.backup('policy', 'apply', file)).toMatchObject({ code: 0 })
      return await machine.backup('run')
    }
    expect(await apply(50)).toMatchObject({ code: 0 })
    expect((await retention('show')).event('retention')).toMatchObject({
      policy: { keep: { daily: 50 } },
    })
    const shorter = await apply(9)
    expect(shorter).toMatchObject({ code: 0 })
    expect(shorter.event('warning')?.['message']).toContain('stays as the vault has it')
    expect((await retention('show')).event('retention')).toMatchObject({
      policy: { keep: { daily: 50 } },
      pending: null,
    })
  })

  it('goes with a machine that gives it up, and stays if the operator wants it to', async () => {
    const what = await fourPoints(30)
    const { machine, operator, passDays } = what
    const leave = (...words: string[]) =>
      machine.backup('unregister', '--yes', '--delete-data', ...words)
    const code = String((await leave()).event('pin-required')?.['requestCode'])
    expect(Object.values(await listed(what))).toHaveLength(4)
    const pin = String((await operator('pin', code)).event('pin')?.['pin'])
    expect(await leave('--pin', pin)).toMatchObject({ code: 0 })
    await passDays(9)
    const gone = (await operator('retention', 'plan', '--all')).events
    expect(gone.filter(({ state }) => state === 'deleted')).toHaveLength(3)
    const back = await operator('machines', 'keep', 'laptop')
    expect(back.event('data-kept')).toMatchObject({ points: 3 })
    const plan = (await operator('retention', 'plan', '--all')).events
    expect(plan.filter(({ state }) => state === 'kept')).toHaveLength(4)
    const wrong = await operator('vault', 'delete', 'home', '--confirm', 'other')
    expect(wrong).toMatchObject({ code: 2 })
    expect(await operator('vault', 'delete', 'home', '--confirm', 'home')).toMatchObject({
      code: 0,
    })
    await passDays(9)
    expect((await operator('vault', 'undelete', 'home')).event('vault-undeleted')).toMatchObject({
      points: 0,
    })
  })
})
