/** Jobs: what is known of runs, restorations and verifications, while they go on, and however they end. */

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  exitOf,
  registeredMachine,
  startCommandVault,
  type CommandMachine,
  type Event,
} from '../support/commands.ts'

const patient = { timeout: 60_000, interval: 200 }

const jobsOf = async (machine: CommandMachine): Promise<Event[]> =>
  (await machine.backup('jobs')).events.filter(({ event }) => event === 'job')

const newest = async (machine: CommandMachine): Promise<Event> => {
  const job = (await jobsOf(machine)).at(-1)
  if (job === undefined) throw new Error('there is no job')
  return job
}

describe.skipIf(process.platform === 'win32')('jobs', () => {
  it('are kept with what they have come to, also in the background, cancelled, killed and in vain', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'source')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), randomBytes(24 * 1024 * 1024))
    await machine.backup('policy', 'include', folder)
    const metrics = join(vault.scratch, 'backup.prom')
    await machine.backup('policy', 'metrics', 'set', metrics)
    const said = (name: string) =>
      new RegExp(`^${name}\\{source="files"\\} (.*)$`, 'm').exec(readFileSync(metrics, 'utf8'))?.[1]

    const slow = ['--limit-upload', '8Mbit', '--background']
    const detached = await machine.backup('run', '--detach', ...slow)
    expect(exitOf(detached), detached.stderr).toMatchObject({ code: 0 })
    const id = String(detached.event('job')?.['id'])
    await vi.waitFor(async () => {
      const going = (await machine.backup('jobs', 'show', id)).event('job')
      expect(going).toMatchObject({ id, kind: 'backup', source: 'files', outcome: 'running' })
      expect(Number(going?.['bytesRead'])).toBeGreaterThan(0)
    }, patient)

    const cancelled = await machine.backup('cancel')
    expect(cancelled.event('job')).toMatchObject({ id, outcome: 'interrupted', toldVault: false })
    expect(cancelled.event('job')?.['bytesSent']).toBeGreaterThan(1 << 20)
    expect(exitOf(await machine.backup('cancel'))).toMatchObject({ code: 1, error: 'not-found' })

    const killed = machine.start('run', ...slow)
    await vi.waitFor(
      async () => expect(await newest(machine)).toMatchObject({ outcome: 'running' }),
      patient,
    )
    killed.kill('SIGKILL')
    await killed.result
    expect(await newest(machine)).toMatchObject({ outcome: 'interrupted', phase: 'ended' })

    const done = (await machine.backup('run')).event('summary')
    await machine.backup('restore', '--point', 'latest', '--to', join(vault.scratch, 'to'))
    await machine.backup('verify')
    expect(
      (await jobsOf(machine)).map(({ kind, outcome, toldVault }) => [kind, outcome, toldVault]),
    ).toEqual([
      ['backup', 'interrupted', true],
      ['backup', 'interrupted', true],
      ['backup', 'done', true],
      ['restore', 'done', true],
      ['verify', 'done', true],
    ])
    const [, , run] = await jobsOf(machine)
    expect(run).toMatchObject({
      ...{ pointId: done?.['pointId'], bytesSent: done?.['bytesSent'] },
      ...{ files: 1, leftOut: 0 },
    })
    expect(said('backup_last_run_success')).toBe('1')
    expect(said('backup_last_run_sent_bytes')).toBe(String(done?.['bytesSent']))
    const success = said('backup_last_success_timestamp_seconds')

    await vault.serving.stop()
    expect(exitOf(await machine.backup('run', '--wait', '0'))).toMatchObject({ code: 20 })
    expect(await newest(machine)).toMatchObject({ outcome: 'failed', errorCode: 'unreachable' })
    expect(said('backup_last_run_success')).toBe('0')
    expect(said('backup_last_success_timestamp_seconds')).toBe(success)
    expect(statSync(metrics).mode & 0o777).toBe(0o644)
  }, 180_000)
})
