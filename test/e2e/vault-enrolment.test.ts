/** Registration as a client of the wire sees it: a real service, real TLS, the clock alone is moved by hand. */

import { describe, expect, it } from 'vitest'
import { hourMs } from '../../src/base/clock.ts'
import type { VaultCredential } from '../../src/model/credential.ts'
import { revokeCredentials } from '../../src/vault/enrolment/issue-credential.ts'
import { deleteMachine, oneMachine, revokeMachine } from '../../src/vault/operator/machines.ts'
import {
  ask,
  enrolMachine,
  makeMachineKey,
  newRequestId,
  openApi,
  openEnrol,
  startRecovery,
} from '../support/enrol-client.ts'
import { startVault, type StartedVault } from '../support/running-vault.ts'

async function enrolled(credential: VaultCredential, name: string) {
  const key = await makeMachineKey()
  const { status, body } = await enrolMachine(credential, name, { key })
  expect(status).toBe(200)
  return { key, certificate: body.certificate, machineId: body.machineId }
}

const machineNamed = ({ vault }: StartedVault, machine: string) => oneMachine(vault, { machine })

describe('registration', () => {
  it('gives a certificate that the API server knows', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const machine = await enrolled(credential, 'laptop')
    const api = await openApi(credential, machine)
    expect(await ask(api, '/v1/service')).toMatchObject({
      status: 200,
      body: {
        vaultName: 'home',
        machineId: machine.machineId,
        machineName: 'laptop',
        access: 'full',
        authorities: [credential.authority],
      },
    })
    api.destroy()
  })

  it('answers a repeated request as before, and registers nothing twice', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const request = { key: await makeMachineKey(), requestId: newRequestId() }
    const first = await enrolMachine(credential, 'laptop', request)
    const again = await enrolMachine(credential, 'laptop', request)
    expect(again).toEqual(first)
    const otherKey = { ...request, key: await makeMachineKey() }
    expect(await enrolMachine(credential, 'laptop', otherKey)).toMatchObject({ status: 409 })
    const late = await service.credential()
    expect(late.serial).toBe(credential.serial + 1)
    expect(await enrolMachine(credential, 'laptop', request)).toEqual(first)
  })

  it('refuses a name that is taken, says what helps, and frees it with the machine', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const machine = await enrolled(credential, 'laptop')
    expect(await enrolMachine(credential, 'laptop')).toMatchObject({
      status: 409,
      body: { error: { code: 'name-taken', hint: expect.stringContaining('--name') as string } },
    })
    const api = await openApi(credential, machine)
    expect(await ask(api, '/v1/unregister', {})).toMatchObject({ status: 204 })
    expect(await ask(api, '/v1/service')).toMatchObject({
      status: 403,
      body: { error: { code: 'certificate-refused' } },
    })
    api.destroy()
    await enrolled(credential, 'laptop')
    await deleteMachine(service.vault, await machineNamed(service, 'laptop'))
    await enrolled(credential, 'laptop')
  })

  it('lets one of two machines have a name that both ask for at once', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => enrolMachine(credential, 'laptop')),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409])
  })

  it('refuses a revoked machine on the next request of an open connection', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const api = await openApi(credential, await enrolled(credential, 'laptop'))
    expect(await ask(api, '/v1/service')).toMatchObject({ status: 200 })
    await revokeMachine(service.vault, await machineNamed(service, 'laptop'))
    expect(await ask(api, '/v1/service')).toMatchObject({
      status: 403,
      body: { error: { code: 'certificate-refused' } },
    })
    api.destroy()
  })
})

describe('a vault credential', () => {
  it('is good for 48 hours', async () => {
    const service = await startVault()
    const credential = await service.credential()
    service.clock.add(48 * hourMs - 1)
    expect(await enrolMachine(credential, 'laptop')).toMatchObject({ status: 200 })
    service.clock.add(1)
    expect(await enrolMachine(credential, 'desktop')).toMatchObject({
      status: 403,
      body: { error: { code: 'credential-expired' } },
    })
  })

  it('is good until a newer one is issued', async () => {
    const service = await startVault()
    const [older, newer] = [await service.credential(), await service.credential()]
    expect(await enrolMachine(older, 'laptop')).toMatchObject({
      status: 403,
      body: { error: { code: 'credential-superseded' } },
    })
    expect(await enrolMachine(newer, 'laptop')).toMatchObject({ status: 200 })
  })

  it('is refused once revoked', async () => {
    const service = await startVault()
    const credential = await service.credential()
    expect(await revokeCredentials(service.vault, service.vaultId)).toBe(1)
    expect(await enrolMachine(credential, 'laptop')).toMatchObject({
      status: 403,
      body: { error: { code: 'credential-revoked' } },
    })
  })

  it('is refused for what it was not issued for, both ways', async () => {
    const service = await startVault()
    const register = await service.credential()
    await enrolled(register, 'laptop')
    const recover = await service.credential((await machineNamed(service, 'laptop')).id)
    const refused = { status: 403, body: { error: { code: 'credential-purpose' } } }
    expect(await enrolMachine(recover, 'desktop')).toMatchObject(refused)
    expect(await startRecovery(register, newRequestId())).toMatchObject(refused)
    expect(await enrolMachine(register, 'desktop')).toMatchObject({ status: 200 })
  })

  it('is unknown where its serial was never issued, or its vault is another one', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const unknown = { status: 403, body: { error: { code: 'credential-unknown' } } }
    expect(await enrolMachine({ ...credential, serial: 7 }, 'laptop')).toMatchObject(unknown)
    const other = await startVault()
    const elsewhere = { ...credential, vaultId: other.vaultId }
    expect(await enrolMachine(elsewhere, 'laptop')).toMatchObject(unknown)
  })

  it('signs all that a request says', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const second = await makeMachineKey()
    const altered = { status: 403, body: { error: { code: 'credential-altered' } } }
    for (const change of [
      { machineName: 'other' },
      { requestId: newRequestId() },
      { csr: Buffer.from(second.csr).toString('base64url') },
      { signature: 'A'.repeat(86) },
      { signature: '' },
    ]) {
      expect(await enrolMachine(credential, 'laptop', { altered: change })).toMatchObject(altered)
    }
    const issued = await service.credential()
    const mixed = { ...credential, serial: issued.serial }
    expect(await enrolMachine(mixed, 'laptop')).toMatchObject(altered)
  })
})

describe('the enrolment server', () => {
  it('refuses what is no message of its own', async () => {
    const service = await startVault()
    const credential = await service.credential()
    const socket = await openEnrol(credential)
    const malformed = { status: 400, body: { error: { code: 'malformed' } } }
    expect(await ask(socket, '/v1/enrol', {})).toMatchObject(malformed)
    expect(await ask(socket, '/v1/enrol', [])).toMatchObject(malformed)
    expect(await ask(socket, '/v1/nothing', {})).toMatchObject({ status: 404 })
    expect(await ask(socket, '/v1/service')).toMatchObject({ status: 404 })
    const poisoned: unknown = JSON.parse('{"__proto__": {"polluted": 1}}')
    expect(await ask(socket, '/v1/enrol', poisoned)).toMatchObject(malformed)
    socket.destroy()
    const csr = { altered: { csr: 'AAAA' } }
    expect(await enrolMachine(credential, 'laptop', csr)).toMatchObject(malformed)
    expect(await enrolMachine(credential, 'a\u0007b')).toMatchObject(malformed)
  })

  it('refuses bodies that are too large', async () => {
    const service = await startVault()
    const socket = await openEnrol(await service.credential())
    const answer = await ask(socket, '/v1/enrol', { csr: 'A'.repeat(70_000) })
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too-large' } } })
    socket.destroy()
  })
})
