/** A running vault: the three servers behind one port, and what has to be looked after while they run. */

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { RequestListener } from 'node:http'
import { hourMs } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { sleep } from '../base/flow.ts'
import { createApiApp } from './api/app.ts'
import {
  createServerCertificates,
  type ServerCertificates,
} from './authority/server-certificates.ts'
import { listSuccessors } from './catalog/authorities.ts'
import { readAddress, readMeta, writeMeta } from './catalog/meta.ts'
import { collectIfDue } from './collection/collect.ts'
import { createEnrolApp } from './enrolment/app.ts'
import { createRecoveryNonces } from './enrolment/recovery-nonces.ts'
import { startFront, type Front } from './front/front.ts'
import { createPortalPlaceholder } from './front/portal-placeholder.ts'
import { createServers, type VaultServers } from './front/servers.ts'
import type { OpenVault } from './open.ts'
import { reconcileObjects, reconcilePoints } from './points/reconcile.ts'
import { purgeSlots } from './slots/purge-slots.ts'
import { applyRetention } from './retention/expire.ts'
import { scrubIfDue } from './scrub/scrub.ts'

export interface ServeOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly messages: FastifyBaseLogger
}

export interface RunningVault {
  readonly port: number
  /**
   * Renews certificates that are at half their life, makes the authority's successor in time, lets points expire; once a day
   * gives back the space of what none of them needs. Done by itself every hour.
   */
  lookAfter(): Promise<void>
  /** Requests that are being answered have a few seconds to end. The opened vault stays open. */
  close(): Promise<void>
}

const graceMs = 5_000

export async function serve(vault: OpenVault, options: ServeOptions): Promise<RunningVault> {
  await reconcilePoints(pointContextOf(vault))
  await lookAfterPoints(vault, options.messages)
  await prepareSuccessor(vault, options.messages)
  const certificates = await createServerCertificates({
    authority: vault.authority,
    clock: vault.clock,
    names: () => addressNames(vault),
  })
  const apps = await createApps(vault, options.messages)
  const servers = createServers(vault.authority.serviceId, handlersOf(apps), certificates.current())
  const front = await startFront({ ...servers, ...options, servers: servers.all })
  options.messages.info({ event: 'listening', host: options.host, port: front.port })
  return run(vault, { ...options, apps, certificates, servers, front })
}

interface Parts extends ServeOptions {
  readonly apps: Apps
  readonly certificates: ServerCertificates
  readonly servers: VaultServers
  readonly front: Front
}

function run(vault: OpenVault, parts: Parts): RunningVault {
  const { messages, front, apps } = parts
  const stopping = new AbortController()
  const chores = [
    repeat(() => lookAfter(vault, parts), { messages, signal: stopping.signal }),
    walkObjects(vault, { messages, signal: stopping.signal }),
    repeat(() => scrubSome(vault, parts, stopping.signal), { messages, signal: stopping.signal }),
  ]
  return {
    port: front.port,
    lookAfter: () => lookAfter(vault, parts),
    close: async () => {
      messages.info({ event: 'stopping' })
      stopping.abort()
      await front.close(graceMs)
      await Promise.all(Object.values(apps).map((app: FastifyInstance) => app.close()))
      await Promise.all(chores)
      messages.info({ event: 'stopped' })
    },
  }
}

async function lookAfter(
  vault: OpenVault,
  { certificates, servers, messages }: Parts,
): Promise<void> {
  await lookAfterPoints(vault, messages)
  await lookAfterObjects(vault, messages)
  const purged = await purgeSlots(vault)
  if (purged > 0) messages.info({ event: 'slots-purged', slots: purged })
  await prepareSuccessor(vault, messages)
  const renewed = await certificates.renewIfDue()
  if (renewed === undefined) return
  servers.renew(renewed)
  messages.info({ event: 'server-certificate-renewed' })
}

/** Once a day; what could not be read of a machine keeps all that is its own. */
async function lookAfterObjects(vault: OpenVault, messages: FastifyBaseLogger): Promise<void> {
  const collected = await collectIfDue(pointContextOf(vault))
  if (collected === undefined) return
  const { skipped, ...counts } = collected
  messages.info({ event: 'objects-collected', ...counts })
  for (const one of skipped) messages.error({ event: 'collection-skipped', ...one })
}

/** A part each hour; not in the way of what has to be done in time. */
async function scrubSome(
  vault: OpenVault,
  { messages }: Pick<Parts, 'messages'>,
  signal: AbortSignal,
): Promise<void> {
  const scrubbed = await scrubIfDue(vault, signal)
  if (scrubbed === undefined) return
  const { healed, damaged, ...counts } = scrubbed
  for (const key of healed) messages.warn({ event: 'object-healed', key })
  for (const key of damaged) messages.error({ event: 'object-damaged', key })
  messages.info({ event: 'scrubbed', ...counts, healed: healed.length, damaged: damaged.length })
}

async function lookAfterPoints(vault: OpenVault, messages: FastifyBaseLogger): Promise<void> {
  const { sight, expired, removed } = await applyRetention(vault)
  if (sight.kind === 'suspended') {
    const { seenAt, clockAt } = sight
    messages.error({ event: 'clock-suspended', seenAt, clockAt, remedy: clockRemedy })
  }
  if (expired > 0) messages.info({ event: 'points-expired', points: expired })
  if (removed > 0) messages.info({ event: 'points-removed', points: removed })
}

const clockRemedy = 'Nothing expires until: backup-vault clock confirm'

/** The log says it too, so that it can be seen later who signed for whom. */
async function prepareSuccessor(vault: OpenVault, messages: FastifyBaseLogger): Promise<void> {
  const { authority, catalog, log } = vault
  await authority.prepareSuccessor()
  for (const certificate of authority.successors()) {
    const written = await log.append(async () => {
      const told = await listSuccessors(catalog)
      const isTold = told.some((one) => one.certificate === certificate)
      return isTold ? undefined : { kind: 'authority-successor', certificate }
    })
    if (written !== undefined) messages.warn({ event: 'authority-successor-made' })
  }
}

interface Chore {
  readonly messages: FastifyBaseLogger
  readonly signal: AbortSignal
}

/** Every hour; a failure is told and does not end it. */
async function repeat(work: () => Promise<void>, { messages, signal }: Chore): Promise<void> {
  while (await waited(hourMs, signal)) {
    await work().catch((error: unknown) => {
      messages.error({ event: 'upkeep-failed', message: messageOf(error) })
    })
  }
}

const waited = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, signal).then(
    () => true,
    () => false,
  )

/** A catalog that is new, or was exchanged for an older copy, gets its rows of objects while requests are answered. */
async function walkObjects(vault: OpenVault, { messages, signal }: Chore): Promise<void> {
  try {
    if ((await readMeta(vault.catalog, 'objectsWalked')) !== undefined) return
    await reconcileObjects(pointContextOf(vault), signal)
    await writeMeta(vault.catalog, 'objectsWalked', '1')
  } catch (error) {
    if (!signal.aborted) messages.error({ event: 'walk-failed', message: messageOf(error) })
  }
}

const pointContextOf = (vault: OpenVault) => ({ ...vault, signer: vault.authority })

interface Apps {
  readonly enrol: FastifyInstance
  readonly api: FastifyInstance
  readonly portal: FastifyInstance
}

async function createApps(vault: OpenVault, messages: FastifyBaseLogger): Promise<Apps> {
  const apps = {
    enrol: createEnrolApp({
      ...vault,
      nonces: createRecoveryNonces(vault.clock, vault.random),
      messages,
    }),
    api: createApiApp({
      ...pointContextOf(vault),
      authorities: () => vault.authority.trusted(),
      messages,
    }),
    portal: createPortalPlaceholder(messages),
  }
  await Promise.all(Object.values(apps).map((app) => app.ready()))
  return apps
}

const handlersOf = ({ enrol, api, portal }: Apps) => ({
  enrol: handlerOf(enrol),
  api: handlerOf(api),
  portal: handlerOf(portal),
})

const handlerOf =
  (app: FastifyInstance): RequestListener =>
  (request, response) => {
    app.routing(request, response)
  }

async function addressNames(vault: OpenVault): Promise<string[]> {
  const address = await readAddress(vault.catalog)
  return address === undefined ? [] : [address.address]
}
