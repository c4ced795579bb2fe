/** Certificates that come and go while a service runs: the clock is the vault's, machines and TLS go by the true time. */

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { dayMs, hourMs } from '../../src/base/clock.ts'
import { enrolServerName } from '../../src/protocol/routes.ts'
import { oneMachine } from '../../src/vault/operator/machines.ts'
import { setAddress } from '../../src/vault/operator/vaults.ts'
import { startAgedVault, type Age } from '../support/aged-vault.ts'
import { bareMachine, exitOf, registeredMachine, type CommandMachine } from '../support/commands.ts'

const yearMs = 365 * dayMs

type AgedVault = Awaited<ReturnType<typeof startAgedVault>>

/** A connection to the enrolment server. */
async function open({ port, vault: { authority } }: AgedVault): Promise<TLSSocket> {
  const servername = enrolServerName(authority.serviceId)
  const socket = connect({ host: '127.0.0.1', port, servername, ca: authority.trusted() })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** The certificate that new connections are shown. */
async function shown(aged: AgedVault): Promise<X509Certificate> {
  const socket = await open(aged)
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  if (certificate === undefined) throw new Error('The server showed no certificate.')
  return certificate
}

/** A registered machine that backs up one folder. */
async function backedUpMachine(aged: AgedVault, name = 'laptop'): Promise<CommandMachine> {
  const machine = await registeredMachine(aged, name)
  writeFileSync(join(aged.scratch, name, 'data'), `the data of ${name}`)
  await machine.backup('policy', 'include', join(aged.scratch, name, 'data'))
  return machine
}

const registrationFile = ({ state }: CommandMachine): string => join(state, 'registration.json')

const known = (machine: CommandMachine): string[] =>
  (JSON.parse(readFileSync(registrationFile(machine), 'utf8')) as { authorities: string[] })
    .authorities

/** As if it had learned of others. */
function setKnown(machine: CommandMachine, authorities: readonly string[]): void {
  const file = registrationFile(machine)
  const registration = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...registration, authorities }))
}

async function restored(machine: CommandMachine, to: string): Promise<number | null> {
  const { code } = await machine.backup('restore', '--point', 'latest', '--to', to)
  return code
}

const done = { code: 0 }

describe('the certificate of the servers', () => {
  const halfLife: Age = { ageMs: yearMs, behindMs: 45 * dayMs + hourMs }

  it('is renewed at half its life, between two runs, without a restart', async () => {
    const aged = await startAgedVault(halfLife)
    const first = await shown(aged)
    aged.clock.add(45 * dayMs - 1)
    await aged.running.lookAfter()
    expect((await shown(aged)).fingerprint256).toBe(first.fingerprint256)

    const machine = await backedUpMachine(aged)
    expect(await machine.backup('run')).toMatchObject(done)
    aged.clock.add(hourMs)
    await aged.running.lookAfter()
    const second = await shown(aged)
    expect(second.fingerprint256).not.toBe(first.fingerprint256)
    expect(Date.parse(second.validTo) - Date.parse(first.validTo)).toBeGreaterThan(44 * dayMs)
    expect(await machine.backup('run')).toMatchObject(done)
  })

  it('is looked at every hour by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const aged = await startAgedVault(halfLife)
    onTestFinished(() => void vi.useRealTimers())
    const first = await shown(aged)
    aged.clock.add(45 * dayMs)
    await vi.advanceTimersByTimeAsync(hourMs - 1)
    expect((await shown(aged)).fingerprint256).toBe(first.fingerprint256)
    await vi.advanceTimersByTimeAsync(1)
    await expect
      .poll(async () => (await shown(aged)).fingerprint256, { timeout: 10_000 })
      .not.toBe(first.fingerprint256)
  })

  it('is made anew for another address of the service', async () => {
    const aged = await startAgedVault({ ageMs: yearMs })
    expect((await shown(aged)).checkIP('127.0.0.1')).toBe('127.0.0.1')
    await setAddress(aged.vault, { address: 'vault.example', port: aged.port })
    await aged.running.lookAfter()
    const certificate = await shown(aged)
    expect(certificate.checkHost('vault.example')).toBe('vault.example')
    await aged.running.lookAfter()
    expect((await shown(aged)).fingerprint256).toBe(certificate.fingerprint256)
  })

  it('changes nothing for connections that are open', async () => {
    const aged = await startAgedVault(halfLife)
    const socket = await open(aged)
    aged.clock.add(45 * dayMs)
    await aged.running.lookAfter()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(String(await socket.toArray())).toMatch(/^HTTP\/1\.1 404/)
  })
})

describe('the successor of the authority', () => {
  it('is made two years before the end, and told to machines while the old one signs', async () => {
    const aged = await startAgedVault({ ageMs: 18 * yearMs - hourMs })
    const { authority } = aged.vault
    const [old = ''] = authority.trusted()
    const machine = await backedUpMachine(aged)
    expect(await machine.backup('run')).toMatchObject(done)
    expect(known(machine)).toEqual([old])

    aged.clock.add(2 * hourMs)
    await aged.running.lookAfter()
    const [successor = ''] = authority.successors()
    expect(await machine.backup('run')).toMatchObject(done)
    expect(known(machine)).toEqual([old, successor])
    expect(new X509Certificate(successor).subject).toMatch(/authority 2/)
    expect((await shown(aged)).verify(new X509Certificate(old).publicKey)).toBe(true)
    expect(await machine.backup('points')).toMatchObject(done)

    expect(await machine.backup('run')).toMatchObject(done)
    expect(known(machine)).toEqual([old, successor])
  })

  const beforeHandover: Age = { ageMs: 19 * yearMs - hourMs, successorAtMs: 18 * yearMs }

  async function handedOver(aged: AgedVault) {
    const { authority } = aged.vault
    const [old = '', successor = ''] = authority.trusted()
    aged.clock.add(2 * hourMs)
    await aged.running.lookAfter()
    expect(authority.trusted()).toEqual([successor, old])
    expect((await shown(aged)).verify(new X509Certificate(successor).publicKey)).toBe(true)
    return { old, successor }
  }

  it('takes over without a gap for a machine that has learned of it', async () => {
    const aged = await startAgedVault(beforeHandover)
    const machine = await backedUpMachine(aged)
    expect(await machine.backup('run')).toMatchObject(done)
    const { old, successor } = await handedOver(aged)
    expect(known(machine)).toEqual([old, successor])

    expect(await machine.backup('run')).toMatchObject(done)
    const points = (await machine.backup('points')).events.filter(({ event }) => event === 'point')
    expect(points).toHaveLength(2)
    expect(await restored(machine, join(aged.scratch, 'out'))).toBe(0)

    setKnown(machine, [successor])
    expect(await machine.backup('status')).toMatchObject(done)
  })

  it('is learned of later as well, as long as the old one vouches for it', async () => {
    const aged = await startAgedVault(beforeHandover)
    const machine = await backedUpMachine(aged)
    const { old, successor } = await handedOver(aged)
    expect(known(machine)).toEqual([old])
    expect(await machine.backup('run')).toMatchObject(done)
    expect(known(machine)).toEqual([old, successor])
  })

  it('is the one that a new machine knows, and a recovered one knows both', async () => {
    const aged = await startAgedVault(beforeHandover)
    const lost = await backedUpMachine(aged)
    expect(await lost.backup('run')).toMatchObject(done)
    const { old, successor } = await handedOver(aged)

    const fresh = await backedUpMachine(aged, 'fresh')
    expect(known(fresh)).toEqual([successor])
    expect(await fresh.backup('run')).toMatchObject(done)
    // As after a renewal: the successor has signed for a machine that has not learned of it yet.
    setKnown(fresh, [old])
    expect(await fresh.backup('run')).toMatchObject(done)

    const { id } = await oneMachine(aged.vault, { machine: 'laptop' })
    const rescue = bareMachine(aged.scratch, 'rescue')
    const recovered = await rescue.backup(
      ...['recover', '--vault-credentials', await aged.credential(id)],
      ...['--passphrase-file', lost.passphraseFile],
    )
    expect(recovered, recovered.stderr).toMatchObject(done)
    expect(known(rescue)).toEqual([successor, old])
    expect(await restored(rescue, join(aged.scratch, 'out'))).toBe(0)
  })

  it('is believed after the end of the old one by those alone that learned of it', async () => {
    const aged = await startAgedVault({
      ageMs: 20 * yearMs + hourMs,
      successorAtMs: 18 * yearMs,
      behindMs: 2 * hourMs,
    })
    const [successor = '', old = ''] = aged.vault.authority.trusted()
    const machine = await backedUpMachine(aged)
    aged.clock.add(2 * hourMs)
    await aged.running.lookAfter()
    expect(aged.vault.authority.trusted()).toEqual([successor])

    setKnown(machine, [old, successor])
    expect(await machine.backup('run')).toMatchObject(done)
    expect(known(machine)).toEqual([old, successor])
    setKnown(machine, [old])
    expect(exitOf(await machine.backup('run'))).toMatchObject({
      code: 12,
      error: 'vault-untrusted',
      message: expect.stringMatching(/expired/) as string,
    })
  })
})
