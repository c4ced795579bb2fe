/** Where this machine is. */

import { timeZoneNamed } from '../policy/schedule.ts'

/** The types promise a zone; with a TZ that ICU does not understand there is none. */
type ResolvedOptions = Partial<Intl.ResolvedDateTimeFormatOptions>

/** IANA name of its zone; UTC where the system names none that is known. */
export function localTimeZone(): string {
  const options: ResolvedOptions = new Intl.DateTimeFormat('en-US').resolvedOptions()
  return timeZoneNamed(options.timeZone ?? '') ?? 'UTC'
}
