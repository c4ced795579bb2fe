/** The daemon, by the built commands: what it runs, what it survives, and how it ends. */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { bareMachine, exitOf, serveDirectory } from '../support/commands.ts'
import { daemonOf, machineWithSource, patient, startDaemon } from '../support/daemon.ts'
import { scratchDirectory } from '../support/scratch.ts'

const isWindows = process.platform === 'win32'
describe.skipIf(isWindows)('backup agent', () => {
  it('runs what is due, answers status on a private socket, refuses a second one, and ends when told to', async () => {
    const { machine } = await machineWithSource()
    const socket = join(machine.state, 'agent.sock')
    writeFileSync(socket, 'left by a dead one')
    const daemon = startDaemon(machine)
    expect(await daemon.seen('run-ended')).toMatchObject({ code: 0, name: 'done' })
    expect(daemon.events.filter(({ event }) => event === 'summary')).toHaveLength(1)
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    const status = await daemonOf(machine)
    expect(status).toMatchObject({ pid: daemon.child.pid, running: null, last: { code: 0 } })
    const [next] = status?.['next'] as { at: string }[]
    expect(Date.parse(next?.at ?? '')).toBeGreaterThan(Date.now())
    expect(exitOf(await machine.backup('agent'))).toMatchObject({ code: 11, error: 'busy' })
    daemon.child.kill('SIGTERM')
    const ended = await daemon.result
    expect(exitOf(ended)).toMatchObject({ code: 0, name: 'done' })
    expect(ended.events.filter(({ event }) => event === 'exit')).toHaveLength(1)
    expect(await daemonOf(machine)).toBeUndefined()
    expect(existsSync(socket)).toBe(false)
  }, 120_000)

  it('killed in the middle of a run leaves the run to its end', async () => {
    const { vault, machine } = await machineWithSource({ BACKUP_RETRY_SECONDS: '100' })
    expect(await vault.serving.stop()).toBe(0)
    const daemon = startDaemon(machine)
    await daemon.seen('run-started')
    await vi.waitFor(
      () => expect(readFileSync(join(machine.state, 'served.json'), 'utf8')).toContain('tries'),
      patient,
    )
    daemon.child.kill('SIGKILL')
    await daemon.result
    const again = await serveDirectory(vault.directory, vault.serving.port)
    const log = () => readFileSync(join(machine.state, 'log', 'backup.log'), 'utf8')
    await vi.waitFor(() => expect(log()).toContain('"event":"exit","code":0'), patient)
    expect((await machine.backup('points')).event('point')).toMatchObject({ seq: 1 })
    await again.stop()
  }, 120_000)

  it('goes on where the vault is away, and ends the run that waits for it', async () => {
    const { vault, machine } = await machineWithSource()
    await vault.serving.stop()
    const waiting = startDaemon(machine)
    await waiting.seen('run-started')
    expect(await daemonOf(machine)).toMatchObject({ running: { sources: ['files'] } })
    expect(await waiting.seen('run-ended')).toMatchObject({ code: 20, name: 'unreachable' })
    expect(await daemonOf(machine)).toMatchObject({ running: null, last: { code: 20 } })
    waiting.child.kill('SIGTERM')
    expect(exitOf(await waiting.result)).toMatchObject({ code: 0 })
  }, 120_000)

  it('wants a registration', async () => {
    const machine = bareMachine(scratchDirectory(), 'laptop')
    expect(exitOf(await machine.backup('agent'))).toMatchObject({ code: 10 })
  })
})
