/** The enrolment server: the only one that a machine without a certificate can speak to. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  enrolRequestSchema,
  recoveryFinishRequestSchema,
  recoveryStartRequestSchema,
  renewRequestSchema,
} from '../../protocol/messages.ts'
import { enrolRoutes } from '../../protocol/routes.ts'
import { exporterOf } from '../front/exporter.ts'
import { createHttpApp } from '../http/app.ts'
import type { EnrolContext } from './context.ts'
import { enrol } from './enrol.ts'
import { finishRecovery, startRecovery } from './recovery.ts'
import { renewCertificate } from './renew.ts'

/** The largest legal message is far below. */
const bodyBytes = 65_536

export function createEnrolApp(context: EnrolContext): FastifyInstance {
  const app = createHttpApp({ log: context.messages, bodyBytes })
  app.post(enrolRoutes.enrol, (request) =>
    enrol(context, enrolRequestSchema.parse(request.body), exporterFrom(request)),
  )
  app.post(enrolRoutes.recoveryStart, (request) =>
    startRecovery(context, recoveryStartRequestSchema.parse(request.body), exporterFrom(request)),
  )
  app.post(enrolRoutes.recoveryFinish, (request) =>
    finishRecovery(context, recoveryFinishRequestSchema.parse(request.body), exporterFrom(request)),
  )
  app.post(enrolRoutes.renew, (request) =>
    renewCertificate(context, renewRequestSchema.parse(request.body), exporterFrom(request)),
  )
  return app
}

const exporterFrom = (request: FastifyRequest): Uint8Array => exporterOf(request.raw.socket)
