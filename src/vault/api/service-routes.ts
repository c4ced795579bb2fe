/** Who is talking to whom; and leaving. */

import type { FastifyInstance } from 'fastify'
import { BackupError } from '../../base/errors.ts'
import type { ServiceAnswer } from '../../protocol/messages.ts'
import { findMachine } from '../catalog/machines.ts'
import { clonedAtOf, isShared } from '../catalog/lineages.ts'
import { findVault } from '../catalog/vaults.ts'
import type { ApiContext } from './context.ts'
import { identityOf } from './request-identity.ts'

export function addServiceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/service', async (request): Promise<ServiceAnswer> => {
    const { machine, access, space } = identityOf(request)
    const vault = await findVault(context.catalog, space.vaultId)
    if (vault === undefined) throw new BackupError('not-found', 'The vault is gone.')
    return {
      vaultId: vault.id,
      vaultName: vault.name,
      machineId: machine.id,
      machineName: machine.name,
      access,
      serverTime: context.clock.now(),
      clonedAt: await clonedAtOf(context.catalog, machine.id),
      authorities: [...(await context.authorities())],
    }
  })

  app.post('/v1/unregister', async (request, reply) => {
    const { machineId } = identityOf(request).space
    if (await isShared(context.catalog, machineId, context.clock.now())) throw shared()
    await context.log.append(async () => {
      const machine = await findMachine(context.catalog, machineId)
      return machine?.state === 'active' ? { kind: 'machine-retired', machineId } : undefined
    })
    request.log.info({ event: 'machine-retired', machineId })
    return reply.code(204).send()
  })
}

const shared = (): BackupError =>
  new BackupError('machine-cloned', 'Another copy of this machine goes by this registration.', {
    hint: 'It stays as it is. If it shall go all the same: backup-vault machines delete MACHINE',
  })
