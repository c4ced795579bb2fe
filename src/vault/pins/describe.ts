/** What a request would do, in words for the operator who is asked to allow it: read from the request itself. */

import { bufferOf, fromBase64Url, toHex } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { decodeSlot } from '../../model/slot.ts'
import {
  pointsRequestSchema,
  repositoryBeginningSchema,
  retentionRequestSchema,
  slotChangeSchema,
} from '../../protocol/messages.ts'
import type { GuardedOperation } from '../../protocol/signed.ts'
import { retentionTags } from '../../model/point-record.ts'
import { policyInForce } from '../retention/rules.ts'
import { findMachine } from '../catalog/machines.ts'
import type { PinRequest } from '../catalog/pins.ts'
import { findPointsById } from '../catalog/points.ts'
import type { Catalog } from '../catalog/tables.ts'
import { findVault } from '../catalog/vaults.ts'

export interface DescribedRequest {
  readonly machineId: string
  readonly machine: string
  readonly vault: string
  readonly operation: string
  /** One sentence. */
  readonly allows: string
  /** One line for each thing that it touches. */
  readonly details: readonly string[]
  readonly askedAt: number
}

export async function describeRequest(
  catalog: Catalog,
  request: PinRequest,
): Promise<DescribedRequest> {
  const machine = await findMachine(catalog, request.machineId)
  const vault = machine && (await findVault(catalog, machine.vaultId))
  return {
    machineId: request.machineId,
    machine: machine?.name ?? request.machineId,
    vault: vault?.name ?? '-',
    operation: request.operation,
    askedAt: request.askedAt,
    ...(await contentOf(catalog, request)),
  }
}

type Content = Pick<DescribedRequest, 'allows' | 'details'>

function contentOf(catalog: Catalog, request: PinRequest): Content | Promise<Content> {
  switch (request.operation as GuardedOperation) {
    case 'points-delete':
      return deletionOf(catalog, request)
    case 'retention-shorten':
      return shorteningOf(catalog, request)
    case 'data-give-up':
      return {
        allows: 'give up all that it has kept: each point goes when its lock is over',
        details: ['It can be taken back for a while: backup-vault machines keep MACHINE'],
      }
    case 'slot-add':
      return slotOf(request)
    case 'slot-change':
      return slotChangeOf(request)
    case 'takeover':
      return takeoverOf(request)
    case 'repository-begin':
      return beginningOf(request)
    case 'config-add':
      return { allows: 'change the configuration of its repository', details: [] }
  }
}

async function deletionOf(catalog: Catalog, { machineId, body }: PinRequest): Promise<Content> {
  const { points: ids } = pointsRequestSchema.parse(JSON.parse(bufferOf(body).toString()))
  const points = await findPointsById(catalog, machineId, ids)
  const count = points.length === 1 ? '1 recovery point' : `${points.length} recovery points`
  return {
    allows: `delete ${count} before the time that its retention ends`,
    details: points.map(
      ({ hash, source, seq, committedAt, tags }) =>
        `${hash.slice(0, 12)}  ${source} ${seq}  ${new Date(committedAt).toISOString()}  ${tags || '-'}`,
    ),
  }
}

async function shorteningOf(catalog: Catalog, { machineId, body }: PinRequest): Promise<Content> {
  const json: unknown = JSON.parse(bufferOf(body).toString())
  const { source, policy } = retentionRequestSchema.parse(json)
  const { current } = await policyInForce(catalog, { machineId, source }, Infinity)
  return {
    allows: `keep the points of ${source} for less time, those that are there too`,
    details: retentionTags
      .filter((tag) => current.keep[tag] !== policy.keep[tag])
      .map((tag) => `${tag}: ${current.keep[tag] ?? 'none'} -> ${policy.keep[tag] ?? 'none'}`),
  }
}

function beginningOf({ body }: PinRequest): Content {
  const beginning = repositoryBeginningSchema.parse(JSON.parse(bufferOf(body).toString()))
  const { repository } = decodeSlot(fromBase64Url(beginning.slot) ?? body, true)
  return {
    allows: 'begin again under another master key: only the new key slot opens what it has kept',
    details: [`begins: repository ${repository}`, 'removes: all key slots of the ones before'],
  }
}

function slotOf({ body }: PinRequest): Content {
  const { repository, slot } = decodeSlot(Uint8Array.from(body), true)
  return {
    allows: 'add a key slot: from then on another passphrase opens all that this machine has kept',
    details: [`repository ${repository}, slot ${slot}`],
  }
}

function slotChangeOf({ body }: PinRequest): Content {
  const { add, remove } = slotChangeSchema.parse(JSON.parse(bufferOf(body).toString()))
  const slot = add === null ? undefined : decodeSlot(fromBase64Url(add.slot) ?? body, true)
  const added = slot && `adds: repository ${slot.repository}, slot ${slot.slot}`
  return {
    allows: slotWords(add !== null, remove.length > 0),
    details: [...(added ? [added] : []), ...remove.map((number) => `removes: slot ${number}`)],
  }
}

function slotWords(isAdding: boolean, isRemoving: boolean): string {
  if (!isAdding) return 'remove a key slot: its passphrase opens nothing of this machine any more'
  if (isRemoving) return 'change a passphrase: a new one opens all that this machine has kept'
  return 'add a key slot: from then on another passphrase opens all that this machine has kept'
}

const takeoverOf = ({ body }: PinRequest): Content => ({
  allows: 'let another machine take its place: the old one is refused from then on',
  details: [`new key: ${toHex(sha256(body)).slice(0, 16)}`],
})
