/** The catalog is a cache: without it, or with an older copy, the vault says and refuses the same. */

import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { oneMachine, revokeMachine } from '../../src/vault/operator/machines.ts'
import { catalogPath, openVault } from '../../src/vault/open.ts'
import { rebuildCatalog } from '../../src/vault/rebuild-catalog.ts'
import { ask, enrolMachine, makeMachineKey, openApi } from '../support/enrol-client.ts'
import { serveVault, startVault, type StartedVault } from '../support/running-vault.ts'

/** Two machines, the second of them revoked; two credentials, the first superseded. */
async function prepared(
  between: (service: StartedVault) => Promise<void> = () => Promise.resolve(),
) {
  const service = await startVault()
  const older = await service.credential()
  const enrol = async (name: string) => {
    const key = await makeMachineKey()
    const { body } = await enrolMachine(older, name, { key })
    return { key, certificate: body.certificate }
  }
  const machines = { good: await enrol('good'), bad: await enrol('bad') }
  await between(service)
  await revokeMachine(service.vault, await oneMachine(service.vault, { machine: 'bad' }))
  const newer = await service.credential()
  return { service, older, newer, machines }
}

async function expectSameAnswers(
  { older, newer, machines }: Awaited<ReturnType<typeof prepared>>,
  port: number,
): Promise<void> {
  const good = await openApi({ ...newer, port }, machines.good)
  expect(await ask(good, '/v1/service')).toMatchObject({
    status: 200,
    body: { machineName: 'good', vaultName: 'home' },
  })
  good.destroy()
  const bad = await openApi({ ...newer, port }, machines.bad)
  expect(await ask(bad, '/v1/service')).toMatchObject({
    status: 403,
    body: { error: { code: 'certificate-refused' } },
  })
  bad.destroy()
  expect(await enrolMachine({ ...older, port }, 'third')).toMatchObject({
    status: 403,
    body: { error: { code: 'credential-superseded' } },
  })
  expect(await enrolMachine({ ...newer, port }, 'good')).toMatchObject({
    status: 409,
    body: { error: { code: 'name-taken' } },
  })
}

async function removeCatalog(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`, { force: true })
}

describe('the catalog', () => {
  it('comes back from the log when it is deleted', async () => {
    const before = await prepared()
    await before.service.stop()
    await removeCatalog(catalogPath(before.service.directory))
    const { port } = await serveVault(before.service.directory, before.service.surroundings)
    await expectSameAnswers(before, port)
  })

  it('catches up when it is exchanged for an older copy', async () => {
    let copy = ''
    const before = await prepared(async ({ directory, vault }) => {
      copy = join(directory, 'older-copy')
      await sql`vacuum into ${copy}`.execute(vault.catalog)
    })
    await before.service.stop()
    await removeCatalog(catalogPath(before.service.directory))
    await copyFile(copy, catalogPath(before.service.directory))
    const { port } = await serveVault(before.service.directory, before.service.surroundings)
    await expectSameAnswers(before, port)
  })

  it('can be rebuilt beside a running service', async () => {
    const before = await prepared()
    const { directory, vault, port } = before.service
    const { signal } = new AbortController()
    await rebuildCatalog(catalogPath(directory), { ...vault, signer: vault.authority, signal })
    await expectSameAnswers(before, port)
  })

  it('that has read more than the log holds is refused, with what helps', async () => {
    const { service } = await prepared()
    await service.stop()
    for (const tree of ['objects', 'copies']) {
      await rm(join(service.directory, tree, 'records', '0000000000000008'))
    }
    await expect(openVault(service.directory, service.surroundings)).rejects.toMatchObject({
      code: 'catalog-behind',
    })
  })
})
