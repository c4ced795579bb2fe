/** The operator's side: what does a request code stand for, and a PIN that allows just that. */

import { fromHex } from '../../base/bytes.ts'
import { minuteMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { findPinRequests, type PinRequest } from '../catalog/pins.ts'
import type { OperatorContext } from '../operator/context.ts'
import { describeRequest, type DescribedRequest } from './describe.ts'
import { hashPin, newPin } from './pin.ts'
import { prefixOfCode } from './request.ts'

export interface GivenPin extends DescribedRequest {
  /** Shown now and never again. */
  readonly pin: string
  readonly expiresAt: number
}

const pinValidMs = 5 * minuteMs

/** Throws where nobody may give a PIN for it alone; `digest`: of the request, hexadecimal. */
export type Permit = (described: DescribedRequest, digest: string) => Promise<void>

/** @throws BackupError `usage`, `not-found`, and what `permit` throws */
export async function issuePin(
  context: OperatorContext,
  code: string,
  permit: Permit = () => Promise.resolve(),
): Promise<GivenPin> {
  const request = await findRequest(context, code)
  const described = await describeRequest(context.catalog, request)
  await permit(described, request.digest)
  const digest = fromHex(request.digest) ?? new Uint8Array(32)
  const pin = newPin(context.random)
  const hashed = await hashPin(pin, digest, context.random)
  const expiresAt = context.clock.now() + pinValidMs
  const { machineId, operation } = request
  const issued = { digest, machineId, operation, ...hashed, expiresAt }
  await context.log.append(() => ({ kind: 'pin-issued', ...issued }))
  return { ...described, pin, expiresAt }
}

/** A code that fits two requests could be made on purpose: then neither is allowed. */
async function findRequest({ catalog }: OperatorContext, code: string): Promise<PinRequest> {
  const prefix = prefixOfCode(code)
  if (prefix === undefined) {
    throw new BackupError('usage', `Not a request code: ${JSON.stringify(code.slice(0, 40))}.`, {
      hint: 'It looks like 3f9a-12bc-77d0; the machine shows it when something needs a PIN.',
    })
  }
  const [request, second] = await findPinRequests(catalog, prefix)
  if (second !== undefined) {
    throw new BackupError('usage', `Two requests have the code ${code}: none of them is allowed.`, {
      hint: 'A machine may have made the second to deceive you.',
    })
  }
  if (request !== undefined) return request
  throw new BackupError('not-found', `No request with the code ${code} waits for a PIN.`, {
    hint: 'Repeat it on the machine, and use the code that it shows then.',
  })
}
