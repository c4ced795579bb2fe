/** The gate in front of what destroys: passes one request once, with the PIN that the operator gave for it. */

import { toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { findPin, savePinRequest, type IssuedPin } from '../catalog/pins.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { VaultLog } from '../records/log.ts'
import { isPin, isRightPin } from './pin.ts'
import { digestOf, requestCodeOf, type GuardedRequest } from './request.ts'

export interface PinContext {
  readonly catalog: Catalog
  readonly log: VaultLog
  readonly clock: Clock
}

export const triesPerPin = 5

/**
 * Every try is a record of the log before its answer is known outside, one after another: no number of requests at once, and
 * no restart, gives more tries. What the PIN allows has to happen after this; where it fails, another PIN is needed.
 * @throws BackupError `pin-required` with facts `{requestCode}`, `pin-refused`
 */
export async function requirePin(
  context: PinContext,
  request: GuardedRequest,
  pin: string | undefined,
): Promise<void> {
  const digest = digestOf(request)
  if (pin === undefined) throw await rememberRequest(context, request, digest)
  if (!isPin(pin)) throw refused('it is not 8 digits')
  const written = await context.log.append(async () => {
    const issued = await findPin(context.catalog, toHex(digest))
    const usable = checkUsable(issued, context.clock.now())
    const isRight = await isRightPin(pin, digest, usable)
    return { kind: isRight ? 'pin-used' : 'pin-refused', digest }
  })
  if (written?.entry.kind !== 'pin-used') throw refused('it is wrong')
}

async function rememberRequest(
  { catalog, clock }: PinContext,
  { space, operation, body }: GuardedRequest,
  digest: Uint8Array,
): Promise<BackupError> {
  const { machineId } = space
  const request = { machineId, operation, body, askedAt: clock.now() }
  await savePinRequest(catalog, { digest: toHex(digest), ...request })
  const requestCode = requestCodeOf(digest)
  return new BackupError('pin-required', 'This needs a security PIN of the vault.', {
    hint: `The vault's operator gets one with: backup-vault pin ${requestCode}`,
    facts: { requestCode },
  })
}

/** Wrong and unknown are told apart only where the operator did give a PIN. */
function checkUsable(issued: IssuedPin | undefined, nowMs: number): IssuedPin {
  if (issued === undefined) throw refused('none was given for this request')
  if (issued.usedAt !== null) throw refused('it was used already')
  if (issued.tries >= triesPerPin) throw refused(`${triesPerPin} wrong ones came before it`)
  if (issued.expiresAt <= nowMs) throw refused('it has expired')
  return issued
}

const refused = (why: string): BackupError =>
  new BackupError('pin-refused', `The security PIN is refused: ${why}.`, {
    hint: 'Ask for another one: repeat the request without a PIN to see its code.',
  })
