/** Every path that agent and vault speak over, and the bounds that both keep (docs/protocol.md). */

import type { MachineId, ObjectId, ObjectKind, SourceName } from '../model/ids.ts'

export const enrolRoutes = {
  enrol: '/v1/enrol',
  recoveryStart: '/v1/recovery/start',
  recoveryFinish: '/v1/recovery/finish',
  renew: '/v1/renew',
} as const

const repository = (number: number): string => `/v1/repositories/${number}`

export const apiRoutes = {
  service: () => '/v1/service',
  repositories: () => '/v1/repositories',
  beginRepository: (number: number) => `${repository(number)}/begin`,
  configs: (number: number) => `${repository(number)}/configs`,
  config: (number: number, config: number) => `${repository(number)}/configs/${config}`,
  slots: (number: number) => `${repository(number)}/slots`,
  slot: (number: number, slot: number) => `${repository(number)}/slots/${slot}`,
  changeSlots: (number: number) => `${repository(number)}/slots/change`,
  objects: (number: number) => `${repository(number)}/objects`,
  newObject: (number: number, kind: ObjectKind, id: ObjectId) =>
    `${repository(number)}/objects/${kind}/${id}`,
  object: (number: number, id: ObjectId) => `${repository(number)}/objects/${id}`,
  missing: (number: number) => `${repository(number)}/missing`,
  sources: () => '/v1/sources',
  points: () => '/v1/points',
  point: (source: SourceName, seq: number) => `/v1/sources/${source}/points/${seq}`,
  retentionPlan: () => '/v1/retention/plan',
  retention: () => '/v1/retention',
  cancelRetention: () => '/v1/retention/cancel',
  keepPoints: () => '/v1/points/keep',
  giveUpData: () => '/v1/data/give-up',
  deletePoints: () => '/v1/points/delete',
  undeletePoints: () => '/v1/points/undelete',
  run: (id: string) => `/v1/runs/${id}`,
  events: () => '/v1/events',
  unregister: () => '/v1/unregister',
} as const

/** Names that the agent asks for in the TLS hello; no DNS knows them. */
export const enrolServerName = (serviceId: string): string => `enrol.${serviceId}.backup.internal`
export const apiServerName = (serviceId: string): string => `api.${serviceId}.backup.internal`

/** In a client certificate's subject alternative name: who it is. */
export const machineUri = (vaultId: string, machineId: MachineId): string =>
  `urn:backup:${vaultId}:${machineId}`

export const limits = {
  jsonBytes: 1024 * 1024,
  answerBytes: 16 * 1024 * 1024,
  objectBytes: 32 * 1024 * 1024,
  recordBytes: 4096,
  configBytes: 32 * 1024 * 1024,
  firstConfigBytes: 512 * 1024,
  csrBytes: 8192,
  credentialBytes: 65_536,
  idsPerRequest: 10_000,
  missingPerAnswer: 10_000,
  objectsPerPage: 10_000,
  pointsPerPage: 1_000,
  pointsPerRequest: 500,
} as const

/** A security PIN goes with the request that it is for. */
export const pinHeader = 'x-backup-pin'

export const defaultPort = 8443
