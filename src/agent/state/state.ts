/** What the agent keeps on its machine: who it is at which vault, what it backs up, and what it has seen. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { BackupError } from '../../base/errors.ts'
import {
  machineIdSchema,
  recordHashSchema,
  slotChangeSchema,
  vaultIdSchema,
  type SlotChange,
} from '../../protocol/messages.ts'
import type { SourceName } from '../../model/ids.ts'
import { keyFilesOf, removeKeyFiles, type KeyFiles } from './key-files.ts'
import { epochFields, keyStoreSchema } from './key-store-state.ts'
import { encodedPolicy, policySchema, type Policy } from './policy-state.ts'
import { servedSourcesSchema, type ServedSources } from './schedule-state.ts'
import { toldNoticesSchema, type ToldNotices } from './notices-state.ts'
import { rotationSchema, type PendingRotation } from './rotation-state.ts'
import { stateFile, type StateFile } from './state-file.ts'

const proxySchema = z.strictObject({
  url: z.string(),
  credentialsFile: z.string().optional(),
})

const registrationSchema = z.strictObject({
  vaultId: vaultIdSchema,
  vaultName: z.string(),
  machineId: machineIdSchema,
  machineName: z.string(),
  serviceId: z.string().regex(/^[0-9a-f]{32}$/),
  address: z.string(),
  port: z.int().min(1).max(65_535),
  /** PEM certificates: the vault's authority and, once told, its successor. */
  authorities: z.array(z.string()).min(1),
  certificate: z.string(),
  access: z.enum(['full', 'read-only']),
  readOnlyUntil: z.int().optional(),
  repository: z.int().min(0),
  repositoryId: z.string().regex(/^[0-9a-f]{64}$/),
  /** The newest config that was seen. */
  config: z.int().min(0),
  proxy: proxySchema.optional(),
  /** Not recorded by earlier versions: a file. */
  keyStore: keyStoreSchema.optional(),
  ...epochFields,
})

export type Registration = z.output<typeof registrationSchema>
export type ProxySettings = z.output<typeof proxySchema>

const headsSchema = z.record(
  z.string(),
  z.strictObject({ seq: z.int().min(1), hash: recordHashSchema }),
)

const pendingSchema = z.strictObject({
  vaultId: vaultIdSchema,
  serial: z.int(),
  machineName: z.string(),
  requestId: z.string().regex(/^[0-9a-f]{32}$/),
  /** PKCS#8 PEM. */
  privateKey: z.string(),
})

/** A registration that was begun: a repeated one asks for the same thing. */
export type PendingRegistration = z.output<typeof pendingSchema>

const instanceSchema = z.strictObject({
  token: z.string().nullable(),
  /** Told, and not heard yet. */
  next: z.string().optional(),
})

const takeoverSchema = z.strictObject({
  machineId: machineIdSchema,
  /** PKCS#8 PEM. */
  privateKey: z.string(),
})

const renewalSchema = z.strictObject({
  requestId: z.string().regex(/^[0-9a-f]{32}$/),
  /** PKCS#8 PEM. */
  privateKey: z.string(),
  /** PEM, once the vault has answered. */
  certificate: z.string().optional(),
})

export interface AgentState {
  readonly directory: string
  readonly registration: StateFile<Registration>
  readonly pending: StateFile<PendingRegistration>
  /** A takeover that waits for its PIN: the PIN is for this key. */
  readonly takeover: StateFile<z.output<typeof takeoverSchema>>
  /** A new certificate on its way. */
  readonly renewal: StateFile<z.output<typeof renewalSchema>>
  /** A rotation of the master key that waits for its PIN, or for its end. */
  readonly rotation: StateFile<PendingRotation>
  /** A change of key slots that waits for its PIN, or for its answer. */
  readonly slotChange: StateFile<SlotChange>
  loadPolicy(): Promise<Policy>
  /** Without the lock that `changePolicy` takes. */
  savePolicy(policy: Policy): Promise<void>
  /** The newest points seen, by source. */
  readonly heads: StateFile<z.output<typeof headsSchema>>
  /** By which the vault knows this copy of the machine. */
  readonly instance: StateFile<z.output<typeof instanceSchema>>
  /** What scheduled runs have done, by source. */
  readonly served: StateFile<ServedSources>
  /** When packs were last looked through for what is still needed of them, by source. */
  readonly compacted: StateFile<Readonly<Record<string, number>>>
  /** What was told of runs, by source. */
  readonly told: StateFile<ToldNotices>
  readonly paths: AgentPaths
  /** Forgets who it is and what it has seen, and keeps keys, policy and logs. */
  forget(): Promise<void>
  /** Everything but the logs. */
  remove(): Promise<void>
}

export interface AgentPaths {
  readonly machineKey: string
  /** Of the repository of that number. */
  readonly keyFiles: (repository: number) => KeyFiles
  /** Held by a run of the source. */
  readonly runLock: (source: SourceName) => string
  /** Held by a scheduled run of the source from its look at the schedule to its end. */
  readonly scheduleLock: (source: SourceName) => string
  /** Held while the certificate is renewed. */
  readonly renewalLock: string
  /** Held while the key, or its epoch, is changed. */
  readonly keyLock: string
  /** Held while the vault is told of a run. */
  readonly reportLock: string
  /** Held while the policy is changed. */
  readonly policyLock: string
  /** Held by the daemon. */
  readonly agentLock: string
  /** Packs that an unfinished run of the source has sent. */
  readonly packJournal: (source: SourceName) => string
  /** The directory of all of these. */
  readonly packJournals: string
  /** A file for each job. */
  readonly jobs: string
  readonly cache: string
  readonly log: string
}

export function openState(directory: string): AgentState {
  const at = (name: string) => join(directory, name)
  const policy = stateFile(at('policy.json'), policySchema)
  const registration = stateFile(at('registration.json'), registrationSchema)
  const pending = stateFile(at('registration.pending'), pendingSchema)
  const takeover = stateFile(at('takeover.pending'), takeoverSchema)
  const renewal = stateFile(at('renewal.pending'), renewalSchema)
  const slotChange = stateFile(at('slots.pending'), slotChangeSchema)
  const rotation = stateFile(at('rotation.pending'), rotationSchema)
  const heads = stateFile(at('heads.json'), headsSchema)
  const instance = stateFile(at('instance.json'), instanceSchema)
  const served = stateFile(at('served.json'), servedSourcesSchema)
  const compacted = stateFile(at('compacted.json'), z.record(z.string(), z.int().min(0)))
  const told = stateFile(at('notices.json'), toldNoticesSchema)
  const packJournals = at('sent')
  const paths: AgentPaths = {
    machineKey: at('machine.key'),
    keyFiles: (repository) => keyFilesOf(directory, repository),
    runLock: (source) => join(directory, 'locks', `run-${source}.lock`),
    scheduleLock: (source) => join(directory, 'locks', `schedule-${source}.lock`),
    renewalLock: at('renewal.lock'),
    keyLock: at('key.lock'),
    reportLock: at('report.lock'),
    policyLock: at('policy.lock'),
    agentLock: at('agent.lock'),
    packJournals,
    packJournal: (source) => join(packJournals, `${source}.packs`),
    jobs: at('jobs'),
    cache: at('cache'),
    log: join(directory, 'log', 'backup.log'),
  }
  const forget = async () => {
    await registration.remove()
    await heads.remove()
    await slotChange.remove()
    await rotation.remove()
    await renewal.remove()
    await served.remove()
    await compacted.remove()
    await told.remove()
    await instance.remove()
    await rm(packJournals, { recursive: true, force: true })
    await rm(paths.cache, { recursive: true, force: true })
  }
  return {
    directory,
    registration,
    pending,
    takeover,
    renewal,
    slotChange,
    rotation,
    heads,
    served,
    compacted,
    told,
    instance,
    paths,
    loadPolicy: async () => (await policy.load())?.sources ?? {},
    savePolicy: (sources) => policy.save({ sources: encodedPolicy(sources) as never }),
    forget,
    remove: async () => {
      await forget()
      await Promise.all([takeover.remove(), pending.remove(), policy.remove()])
      await removeKeyFiles(directory)
      await rm(paths.machineKey, { force: true })
    },
  }
}

/** @throws BackupError `not-registered` */
export async function registrationOf(state: AgentState): Promise<Registration> {
  const registration = await state.registration.load()
  if (registration !== undefined) return registration
  throw new BackupError('not-registered', 'This machine is not registered with a vault.', {
    hint: 'Run: backup register --vault-credentials FILE',
  })
}
