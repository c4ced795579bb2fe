/** Recovery as a client of the wire sees it: nothing of a slot but its parameters before the proof, five tries an hour. */

import { describe, expect, it } from 'vitest'
import { systemRandom, toHex } from '../../src/base/bytes.ts'
import { dayMs, hourMs, minuteMs } from '../../src/base/clock.ts'
import { ed25519PublicKey } from '../../src/crypto/primitives/signature.ts'
import type { VaultCredential } from '../../src/model/credential.ts'
import { encodeSlot, defaultArgon2 } from '../../src/model/slot.ts'
import { parseMachineId, type MachineId } from '../../src/model/ids.ts'
import { numberedFolder, numberName } from '../../src/vault/objects/keys.ts'
import { deleteMachine, oneMachine, revokeMachine } from '../../src/vault/operator/machines.ts'
import {
  ask,
  enrolMachine,
  finishRecovery,
  makeMachineKey,
  newRequestId,
  openApi,
  startRecovery,
} from '../support/enrol-client.ts'
import { startVault, type StartedVault } from '../support/running-vault.ts'

const seed = systemRandom(32)
const salt = systemRandom(32)

async function registered(service: StartedVault, name: string): Promise<MachineId> {
  const { status, body } = await enrolMachine(await service.credential(), name)
  expect(status).toBe(200)
  return parseMachineId(body.machineId)
}

async function putSlot({ vault, vaultId }: StartedVault, machineId: MachineId): Promise<void> {
  const slot = encodeSlot({
    argon2: defaultArgon2,
    salt,
    vaultId,
    machineId,
    repository: 0,
    repositoryId: systemRandom(32),
    slot: 0,
    authPublicKey: ed25519PublicKey(seed),
    createdMs: Date.now(),
    sealedMasterKey: systemRandom(48),
    commitment: systemRandom(32),
  })
  const folder = numberedFolder({ vaultId, machineId }, 0, 'slots')
  await vault.store.create(`${folder}${numberName(0)}`, slot)
}

async function lostMachine() {
  const service = await startVault()
  const machineId = await registered(service, 'laptop')
  await putSlot(service, machineId)
  const machine = () => oneMachine(service.vault, { machine: 'laptop' })
  return { service, machineId, machine, credential: await service.credential(machineId) }
}

/** Start and end, as one. */
async function attempt(credential: VaultCredential, withSeed = seed) {
  const requestId = newRequestId()
  const started = await startRecovery(credential, requestId)
  if (started.status !== 200) return started
  const nonce = started.body.nonce
  const key = await makeMachineKey()
  return await finishRecovery(credential, { requestId, nonce, seed: withSeed, key })
}

const wrong = () => systemRandom(32)
const refusedWith = (status: number, code: string) => ({ status, body: { error: { code } } })

describe('recovery', () => {
  it('tells how to derive the key of the slot, and nothing else of it', async () => {
    const { credential } = await lostMachine()
    const { status, body } = await startRecovery(credential, newRequestId())
    expect(status).toBe(200)
    expect(body).toEqual({
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      slots: [
        { repository: 0, slot: 0, salt: toHex(salt), memoryKiB: 262_144, passes: 3, lanes: 1 },
      ],
    })
  })

  it('gives the proof of the passphrase a certificate that reads for 30 days', async () => {
    const { service, machineId, machine, credential } = await lostMachine()
    await revokeMachine(service.vault, await machine())
    const requestId = newRequestId()
    const { body: started } = await startRecovery(credential, requestId)
    const key = await makeMachineKey()
    const options = { requestId, nonce: started.nonce, seed, key }
    const finished = await finishRecovery(credential, options)
    expect(finished).toMatchObject({
      status: 200,
      body: { machineId, machineName: 'laptop', readOnlyUntil: service.clock.now() + 30 * dayMs },
    })
    expect(await finishRecovery(credential, options)).toEqual(finished)

    const api = await openApi(credential, {
      key,
      certificate: finished.body.certificate,
    })
    expect(await ask(api, '/v1/service')).toMatchObject({
      status: 200,
      body: { machineId, access: 'read-only' },
    })
    expect(await ask(api, '/v1/repositories/0/slots')).toMatchObject({ body: { numbers: [0] } })
    expect(await ask(api, '/v1/unregister', {})).toMatchObject(refusedWith(403, 'read-only'))
    service.clock.add(30 * dayMs)
    expect(await ask(api, '/v1/service')).toMatchObject(refusedWith(403, 'certificate-expired'))
    api.destroy()
  })

  it('refuses a wrong proof, and closes for an hour after five', async () => {
    const { service, credential } = await lostMachine()
    for (let count = 0; count < 5; count += 1) {
      expect(await attempt(credential, wrong())).toMatchObject(refusedWith(403, 'passphrase-wrong'))
      service.clock.add(minuteMs)
    }
    expect(await attempt(credential)).toMatchObject(refusedWith(429, 'too-many-tries'))
    const newer = await service.credential(credential.machineId)
    expect(await attempt(newer)).toMatchObject(refusedWith(429, 'too-many-tries'))
    service.clock.add(hourMs - 5 * minuteMs)
    expect(await attempt(newer)).toMatchObject({ status: 200 })
  })

  it('counts tries side by side as it counts them one after another', async () => {
    const { credential } = await lostMachine()
    const starts = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const requestId = newRequestId()
        const { body } = await startRecovery(credential, requestId)
        return { requestId, nonce: body.nonce, key: await makeMachineKey() }
      }),
    )
    const answers = await Promise.all(
      starts.map((start) => finishRecovery(credential, { ...start, seed: wrong() })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([
      403, 403, 403, 403, 403, 429, 429, 429,
    ])
  })

  it('takes a nonce once, for ten minutes, from the request that it was given to', async () => {
    const { service, credential } = await lostMachine()
    const requestId = newRequestId()
    const key = await makeMachineKey()
    const start = async () => (await startRecovery(credential, requestId)).body.nonce
    const gone = refusedWith(404, 'not-found')

    const used = await start()
    await finishRecovery(credential, { requestId, nonce: used, seed: wrong(), key })
    expect(await finishRecovery(credential, { requestId, nonce: used, seed, key })).toMatchObject(
      gone,
    )

    const foreign = { requestId: newRequestId(), nonce: await start(), seed, key }
    expect(await finishRecovery(credential, foreign)).toMatchObject(gone)

    const late = await start()
    service.clock.add(10 * minuteMs)
    expect(await finishRecovery(credential, { requestId, nonce: late, seed, key })).toMatchObject(
      gone,
    )
  })

  it('answers alike for machines without a slot and deleted ones, and always the same', async () => {
    const { service, machine, credential } = await lostMachine()
    const bare = await service.credential(await registered(service, 'bare'))
    const told = async (of: VaultCredential): Promise<unknown> =>
      (await startRecovery(of, newRequestId())).body.slots
    expect(await told(bare)).toEqual(await told(bare))
    expect(await told(bare)).toEqual([
      {
        repository: 0,
        slot: 0,
        salt: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        memoryKiB: 262_144,
        passes: 3,
        lanes: 1,
      },
    ])
    expect(await attempt(bare)).toMatchObject(refusedWith(403, 'passphrase-wrong'))

    await deleteMachine(service.vault, await machine())
    expect(JSON.stringify(await told(credential))).not.toContain(toHex(salt))
    expect(await attempt(credential)).toMatchObject(refusedWith(403, 'passphrase-wrong'))
  })
})
