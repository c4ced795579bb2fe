/** The daemon and its runs where the machine sleeps, the vault goes away, and the daemon is stopped. */

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { exitOf, serveDirectory, type CommandMachine, type Event } from '../support/commands.ts'
import { daemonOf, machineWithSource, patient, startDaemon } from '../support/daemon.ts'

/** As if nobody had looked for two days: the next look finds it due. */
const makeDue = (machine: CommandMachine) =>
  writeFileSync(
    join(machine.state, 'served.json'),
    JSON.stringify({ files: { servedUntilMs: Date.now() - 2 * dayMs } }),
  )

async function lastJob(machine: CommandMachine): Promise<Event | undefined> {
  return (await machine.backup('jobs')).events.findLast(({ event }) => event === 'job')
}

/** The job of the run that goes on, once it sends. */
const sendingJob = (machine: CommandMachine): Promise<Event> =>
  vi.waitFor(async () => {
    const job = await lastJob(machine)
    if (job?.['outcome'] !== 'running' || Number(job['bytesRead']) === 0) throw new Error('not yet')
    return job
  }, patient)

describe.skipIf(process.platform === 'win32')('the daemon', () => {
  it('brings runs to their end through sleep, restarts and a vault that is away', async () => {
    const { vault, machine, folder } = await machineWithSource({ BACKUP_RETRY_SECONDS: '120' })
    await machine.backup('policy', 'throttle', 'set', '--upload', '16Mbit')
    const add = (name: string) => writeFileSync(join(folder, name), randomBytes(24 << 20))
    const vaultAgain = async (serving: { stop(): Promise<number | null> }, awayMs: number) => {
      await serving.stop()
      await sleep(awayMs)
      return serveDirectory(vault.directory, vault.serving.port)
    }

    // The machine sleeps: meanwhile the vault has given up its connections.
    add('one')
    const first = startDaemon(machine)
    const { pid } = await sendingJob(machine)
    process.kill(Number(pid), 'SIGSTOP')
    const second = await vaultAgain(vault.serving, 3_000)
    process.kill(Number(pid), 'SIGCONT')
    expect(await first.seen('run-ended')).toMatchObject({ code: 0 })

    // Told to end in the middle of a run: that ends too, and what it sent counts.
    first.child.kill('SIGKILL')
    await first.result
    add('two')
    makeDue(machine)
    const stopped = startDaemon(machine)
    await sendingJob(machine)
    stopped.child.kill('SIGTERM')
    expect(exitOf(await stopped.result)).toMatchObject({ code: 0 })
    expect(await lastJob(machine)).toMatchObject({ outcome: 'interrupted' })

    // The vault is away for a while: the daemon answers, and its run waits.
    add('three')
    makeDue(machine)
    const last = startDaemon(machine)
    await sendingJob(machine)
    const third = await vaultAgain(second, 5_000)
    expect(await daemonOf(machine)).toMatchObject({ pid: last.child.pid })
    expect(await last.seen('run-ended')).toMatchObject({ code: 0 })
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
    const points = (await machine.backup('points')).events.filter(({ event }) => event === 'point')
    expect(points).toHaveLength(2)
    last.child.kill('SIGTERM')
    await last.result
    await third.stop()
  }, 300_000)
})
