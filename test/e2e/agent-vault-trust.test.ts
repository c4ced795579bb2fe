/** What is not the vault gets nothing: not from a machine that registers, and not from one that is registered. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  type CommandMachine,
} from '../support/commands.ts'
import { filesBelow, stateBelow } from '../support/file-snapshot.ts'
import {
  certificateForAnother,
  certificateMadeAt,
  closedPort,
  startHangingUp,
  startHttp,
  startHttps,
} from '../support/hostile-servers.ts'
import { startVault, type StartedVault } from '../support/running-vault.ts'

/** That a run was in vain is noted. */
const withoutJobs = (state: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !/^jobs(\/|$)/.test(name)))

type StartServer = (vault: StartedVault) => Promise<number>

const anotherVault: StartServer = async () => (await startVault()).port

const anotherAuthority: StartServer = async () =>
  startHttps(await certificateForAnother(await startVault()))

const expiredCertificate: StartServer = async (vault) =>
  startHttps(await certificateMadeAt(vault, Date.now() - 91 * dayMs))

const futureCertificate: StartServer = async (vault) =>
  startHttps(await certificateMadeAt(vault, Date.now() + 2 * dayMs))

const anotherService: StartServer = async (vault) => startHttps(await certificateForAnother(vault))

const oldTls: StartServer = async (vault) =>
  startHttps(await certificateMadeAt(vault, Date.now()), { maxVersion: 'TLSv1.2' })

const impostors: readonly (readonly [string, StartServer, RegExp])[] = [
  ['another vault', anotherVault, /not signed by the authority/],
  ['a server of another authority', anotherAuthority, /not signed by the authority/],
  ['a server whose certificate has expired', expiredCertificate, /expired/],
  ['a server whose certificate is not valid yet', futureCertificate, /not valid yet/],
  ['another service of the same authority', anotherService, /another service/],
  ['a server without TLS', startHttp, /does not speak HTTPS/],
  ['a server that knows TLS 1.2 only', oldTls, /does not speak TLS 1\.3/],
]

const absent: readonly (readonly [string, StartServer, RegExp])[] = [
  ['nothing', closedPort, /nothing listens there/],
  ['something that hangs up', startHangingUp, /connection broke/],
]

const told = (message: RegExp) => ({
  message: expect.stringMatching(message) as string,
  hint: expect.stringMatching(/\w/) as string,
})
const refused = { code: 12, name: 'refused-credential', error: 'vault-untrusted' }
const outOfReach = { code: 20, name: 'unreachable', error: 'unreachable' }

const impatient = { env: { BACKUP_RETRY_SECONDS: '0' } }

/** `backup register` on a machine that knows nothing but the credential. */
async function registering(startServer: StartServer) {
  const vault = await startAgentVault()
  await vault.moveTo(await startServer(vault.service))
  const machine = bareMachine(vault.scratch, 'bare', impatient)
  const ended = await registerMachine(machine, await vault.credential())
  expect(filesBelow(machine.state)).not.toHaveProperty('registration.json')
  return exitOf(ended)
}

/** As if something else had come to the address of the machine's vault. */
function redirect(machine: CommandMachine, port: number): void {
  const path = join(machine.state, 'registration.json')
  const registration = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, JSON.stringify({ ...registration, port }))
}

async function registeredBefore() {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop', impatient)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  await machine.backup('policy', 'include', folder)
  return { vault, machine }
}

describe('behind the address of the vault', () => {
  it.each(impostors)('%s is refused by a machine that registers', async (_, start, message) => {
    expect(await registering(start)).toMatchObject({ ...refused, ...told(message) })
  })

  it.each(absent)('%s can not be registered with', async (_, start, message) => {
    expect(await registering(start)).toMatchObject({ ...outOfReach, ...told(message) })
  })

  it('no other server is taken for it by a registered machine', async () => {
    const { vault, machine } = await registeredBefore()
    for (const [, start, message] of impostors) {
      redirect(machine, await start(vault.service))
      const before = withoutJobs(stateBelow(machine.state))
      expect(exitOf(await machine.backup('run'))).toMatchObject({ ...refused, ...told(message) })
      expect(withoutJobs(stateBelow(machine.state))).toEqual(before)
    }
  })

  it('a registered machine misses it, and finds it again', async () => {
    const { vault, machine } = await registeredBefore()
    for (const [, start, message] of absent) {
      redirect(machine, await start(vault.service))
      const expected = { ...outOfReach, ...told(message) }
      expect(exitOf(await machine.backup('run'))).toMatchObject(expected)
      expect(exitOf(await machine.backup('points'))).toMatchObject(expected)
    }
    redirect(machine, vault.service.port)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
  })
})
