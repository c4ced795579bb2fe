/** The agent's side of the vault's API (docs/protocol.md). */

import { fromBase64Url, toHex } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { MachineId, ObjectId, SourceName, VaultId } from '../../model/ids.ts'
import {
  changedPointsAnswerSchema,
  missingAnswerSchema,
  numbersAnswerSchema,
  objectsAnswerSchema,
  pointsAnswerSchema,
  runAnswerSchema,
  retentionAnswerSchema,
  retentionPlanSchema,
  serviceAnswerSchema,
  slotsAnswerSchema,
  sourcesAnswerSchema,
  storedPointSchema,
  type ObjectListing,
  type RepositoryBeginning,
  type SlotChange,
  type StoredPoint,
} from '../../protocol/messages.ts'
import { apiRoutes, apiServerName, limits, pinHeader } from '../../protocol/routes.ts'
import type { StoredPointBytes, VaultConnection } from '../../repository/connection.ts'
import type { ClientIdentity, VaultAddress } from './dial.ts'
import type { Http } from './http.ts'
import { openHttp } from './open-http.ts'
import { readPaced, type Reading } from './paced-read.ts'
import type { Throttle } from './throttle.ts'

export interface ConnectOptions {
  readonly vault: VaultAddress
  readonly serviceId: string
  readonly vaultId: VaultId
  readonly machineId: MachineId
  readonly identity: ClientIdentity
  readonly signal?: AbortSignal | undefined
  /** How long what fails for the moment is repeated; two minutes unless said. */
  readonly retryForMs?: number
  readonly throttle?: Throttle | undefined
}

const usualRetryMs = 2 * 60_000

/** Nothing is sent before the first call. */
export async function connectToVault(options: ConnectOptions): Promise<VaultConnection> {
  const { vault, serviceId, vaultId, machineId, identity, signal } = options
  const http = await openHttp(vault, {
    serverName: apiServerName(serviceId),
    identity,
    signal,
    retryForMs: options.retryForMs ?? usualRetryMs,
    throttle: options.throttle,
  })
  return {
    identity: { vaultId, machineId },
    ...calls(http, { throttle: options.throttle, signal }),
  }
}

type Pace = Pick<Reading, 'throttle' | 'signal'>

function calls(http: Http, pace: Pace): Omit<VaultConnection, 'identity'> {
  return {
    ...recordCalls(http),
    ...objectCalls(http, pace),
    ...pointCalls(http),
    ...retentionCalls(http),
    close: () => http.close(),
  }
}

function recordCalls(http: Http) {
  const numbers = async (path: string) =>
    (await http.json({ method: 'GET', path }, numbersAnswerSchema)).numbers
  const bytes = async (path: string, maxBytes: number) =>
    (await http.send({ method: 'GET', path, maxBytes })).bytes
  const put = async (path: string, body: Uint8Array) => {
    await http.send({ method: 'PUT', path, body })
  }
  return {
    service: () => http.json({ method: 'GET', path: apiRoutes.service() }, serviceAnswerSchema),
    repositories: () => numbers(apiRoutes.repositories()),
    beginRepository: async (repository: number, body: RepositoryBeginning, pin?: string) => {
      const headers = pin === undefined ? {} : { [pinHeader]: pin }
      const path = apiRoutes.beginRepository(repository)
      await http.send({ method: 'POST', path, body, headers })
    },
    configs: (repository: number) => numbers(apiRoutes.configs(repository)),
    config: (repository: number, number: number) =>
      bytes(apiRoutes.config(repository, number), limits.configBytes),
    putConfig: (repository: number, number: number, body: Uint8Array) =>
      put(apiRoutes.config(repository, number), body),
    slots: (repository: number) => numbers(apiRoutes.slots(repository)),
    nextSlot: async (repository: number) =>
      (await http.json({ method: 'GET', path: apiRoutes.slots(repository) }, slotsAnswerSchema))
        .next,
    changeSlots: async (repository: number, body: SlotChange, pin?: string) => {
      const headers = pin === undefined ? {} : { [pinHeader]: pin }
      const request = { method: 'POST', path: apiRoutes.changeSlots(repository) } as const
      await http.json({ ...request, body, headers }, slotsAnswerSchema)
    },
    slot: (repository: number, number: number) =>
      bytes(apiRoutes.slot(repository, number), limits.recordBytes),
    putSlot: (repository: number, number: number, body: Uint8Array) =>
      put(apiRoutes.slot(repository, number), body),
  }
}

function objectCalls(
  http: Http,
  pace: Pace,
): Pick<VaultConnection, 'putObject' | 'object' | 'objectRange' | 'objects' | 'missing'> {
  return {
    putObject: async (repository, { kind, id, bytes }, signal) => {
      const path = apiRoutes.newObject(repository, kind, id)
      const { status } = await http.send({ method: 'PUT', path, body: bytes, signal })
      return status === 201 ? 'stored' : 'present'
    },
    object: (repository, id) => wholeObject(http, pace, { repository, id }),
    objectRange: (repository, id, range) => {
      const path = apiRoutes.object(repository, id)
      return readPaced(http, { ...pace, path, range, maxBytes: limits.objectBytes })
    },
    objects: async function* (repository, kind): AsyncGenerator<ObjectListing> {
      let after: ObjectId | null = null
      do {
        const query = new URLSearchParams({ ...(kind && { kind }), ...(after && { after }) })
        const path = `${apiRoutes.objects(repository)}?${query.toString()}`
        const page: { objects: ObjectListing[]; next: ObjectId | null } = await http.json(
          { method: 'GET', path },
          objectsAnswerSchema,
        )
        yield* page.objects
        after = page.next
      } while (after !== null)
    },
    missing: async (repository, ids) => {
      const missing: ObjectId[] = []
      for (let at = 0; at < ids.length; at += limits.idsPerRequest) {
        const body = { ids: ids.slice(at, at + limits.idsPerRequest) }
        const path = apiRoutes.missing(repository)
        const answer = await http.json({ method: 'POST', path, body }, missingAnswerSchema)
        missing.push(...answer.missing)
      }
      return missing
    },
  }
}

/** A line or a disk may fail once: a second reading decides. */
async function wholeObject(
  http: Http,
  pace: Pace,
  { repository, id }: { readonly repository: number; readonly id: ObjectId },
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    const path = apiRoutes.object(repository, id)
    // Asked for as a whole, the vault answers from its second copy.
    const throttle = attempt === 1 ? pace.throttle : undefined
    const bytes = await readPaced(http, { ...pace, throttle, path, maxBytes: limits.objectBytes })
    if (toHex(sha256(bytes)) === id) return bytes
    if (attempt === 2) {
      throw new BackupError('damaged', `The object ${id} is damaged.`, { facts: { id } })
    }
  }
}

function pointCalls(
  http: Http,
): Pick<VaultConnection, 'sources' | 'points' | 'putPoint' | 'putRun' | 'unregister'> {
  return {
    sources: async () =>
      (await http.json({ method: 'GET', path: apiRoutes.sources() }, sourcesAnswerSchema)).sources,
    points: async function* (source) {
      let next: PageStart | null = null
      do {
        const page: { points: StoredPoint[]; next: PageStart | null } = await http.json(
          { method: 'GET', path: `${apiRoutes.points()}?${pageQuery(source, next)}` },
          pointsAnswerSchema,
        )
        yield* page.points.map(storedBytes)
        next = page.next
      } while (next !== null)
    },
    putPoint: async (source, seq, body) =>
      storedBytes(
        await http.json(
          { method: 'PUT', path: apiRoutes.point(source, seq), body },
          storedPointSchema,
        ),
      ),
    putRun: (id, body) =>
      http.json({ method: 'PUT', path: apiRoutes.run(id), body }, runAnswerSchema),
    unregister: async () => {
      await http.send({ method: 'POST', path: apiRoutes.unregister(), body: {} })
    },
  }
}

function retentionCalls(
  http: Http,
): Pick<
  VaultConnection,
  | 'deletePoints'
  | 'undeletePoints'
  | 'retentionPlan'
  | 'retention'
  | 'setRetention'
  | 'cancelRetention'
  | 'keepPoints'
  | 'giveUpData'
> {
  const withPin = (pin: string | undefined) => (pin === undefined ? {} : { [pinHeader]: pin })
  const path = apiRoutes.retention()
  return {
    retention: (source) =>
      http.json({ method: 'GET', path: `${path}?source=${source}` }, retentionAnswerSchema),
    setRetention: (body, pin) =>
      http.json({ method: 'POST', path, body, headers: withPin(pin) }, retentionAnswerSchema),
    cancelRetention: (source) => {
      const request = { method: 'POST', path: apiRoutes.cancelRetention() } as const
      return http.json({ ...request, body: { source } }, retentionAnswerSchema)
    },
    keepPoints: async (ids, until) => {
      const body = { points: [...ids], until }
      await http.send({ method: 'POST', path: apiRoutes.keepPoints(), body })
    },
    giveUpData: async (pin) => {
      const request = { method: 'POST', path: apiRoutes.giveUpData() } as const
      await http.send({ ...request, body: { giveUp: 'all data' }, headers: withPin(pin) })
    },
    deletePoints: async (ids, pin) => {
      const headers = withPin(pin)
      // A PIN is for exactly these bytes.
      const body = { points: [...ids].sort() }
      const request = { method: 'POST', path: apiRoutes.deletePoints(), body, headers } as const
      return (await http.json(request, changedPointsAnswerSchema)).points
    },
    undeletePoints: async (ids) => {
      const request = { method: 'POST', path: apiRoutes.undeletePoints() } as const
      const body = { points: [...ids] }
      return (await http.json({ ...request, body }, changedPointsAnswerSchema)).points
    },
    retentionPlan: (days) => {
      const path = `${apiRoutes.retentionPlan()}${days === null ? '' : `?days=${days}`}`
      return http.json({ method: 'GET', path }, retentionPlanSchema)
    },
  }
}

interface PageStart {
  readonly source: SourceName
  readonly seq: number
}

const pageQuery = (source: SourceName | undefined, next: PageStart | null): string =>
  new URLSearchParams({
    ...(source && { source }),
    ...(next && { afterSource: next.source, afterSeq: String(next.seq) }),
  }).toString()

function storedBytes({ commit, record, ...facts }: StoredPoint): StoredPointBytes {
  const [commitBytes, recordBytes] = [fromBase64Url(commit), fromBase64Url(record)]
  if (commitBytes === undefined || recordBytes === undefined) {
    throw new BackupError('malformed', "The vault's answer holds a point that is not base64url.")
  }
  return { ...facts, commit: commitBytes, record: recordBytes }
}
