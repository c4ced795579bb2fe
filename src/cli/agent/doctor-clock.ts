/** Whether this machine's clock agrees with the vault's, also where a wrong one keeps the two from talking. */

import { minuteMs, systemClock } from '../../base/clock.ts'
import { chooseProxy } from '../../agent/connection/proxy.ts'
import { shownTime, type ShownTime } from '../../agent/connection/shown-time.ts'
import { registrationOf, type AgentState } from '../../agent/state/state.ts'
import type { ServiceAnswer } from '../../protocol/messages.ts'
import { enrolServerName } from '../../protocol/routes.ts'
import { durationText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { ok, skipped, warning, type Finding } from './doctor-finding.ts'

export async function checkClock(
  context: CommandContext,
  state: AgentState,
  service: () => Promise<ServiceAnswer>,
): Promise<Finding> {
  const answer = await service().catch(() => undefined)
  if (answer !== undefined) return judgeDifference(systemClock.now() - answer.serverTime, helps)
  const shown = await askWithoutTrust(context, state)
  return judgeClock(shown, systemClock.now())
}

async function askWithoutTrust(
  { host, signal }: CommandContext,
  state: AgentState,
): Promise<ShownTime | undefined> {
  const registration = await registrationOf(state)
  const { address, port, authorities, serviceId } = registration
  const proxy = await chooseProxy({ ...registration.proxy, env: host.env }, address)
  return shownTime({ address, port, authorities, proxy }, enrolServerName(serviceId), signal)
}

/** Of a vault that this machine could not talk to as it should. `shown`: of the one that it is. */
export function judgeClock(shown: ShownTime | undefined, nowMs: number): Finding {
  if (shown === undefined) return skipped('the vault can not be asked for the time')
  const { validFromMs, validToMs } = shown
  // A certificate is dated back by a day: a clock that is behind even that is wrong by more.
  if (nowMs < validFromMs) return judgeDifference(nowMs - validFromMs, likely)
  if (shown.nowMs !== undefined) return judgeDifference(nowMs - shown.nowMs, likely)
  return nowMs > validToMs ? judgeDifference(nowMs - validToMs, likely) : ok(agrees)
}

const agrees = "agrees with the vault's"
const helps =
  'Set the clock that is wrong, best by NTP: schedules go by this one, retention by that one.'
const likely =
  'That is likely why the vault can not be talked to: set the clock that is wrong, best by NTP.'

function judgeDifference(aheadMs: number, hint: string): Finding {
  if (Math.abs(aheadMs) <= 5 * minuteMs) return ok(agrees)
  const side = aheadMs > 0 ? 'ahead of' : 'behind'
  return warning(
    `This machine's clock is ${durationText(Math.abs(aheadMs))} ${side} the vault's.`,
    hint,
  )
}
