/** Whether a scheduled run will get at the key: it is tried as the run will find it, before anything is installed. */

import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { keyStoreSettingsOf, openKeyStore } from '../../agent/keys/open-key-store.ts'
import type { Facility, Job } from '../../agent/schedule/facility.ts'
import { runEnvironment } from '../../agent/schedule/run-environment.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'

/** @throws BackupError `key-unavailable` with the remedy. A machine without a registration has nothing to try. */
export async function tryScheduledKey(
  { host, output }: CommandContext,
  state: AgentState,
  { facility, job }: { readonly facility: Facility; readonly job: Job },
): Promise<void> {
  const registration = await state.registration.load()
  if (registration?.access !== 'full') return
  const settings = keyStoreSettingsOf(registration)
  const { credential } = job
  const isHanded = credential !== undefined && ['systemd', 'daemon'].includes(facility.name)
  if (isHanded && credential.sealed) {
    output.note(`Not tried: only systemd opens ${credential.file}. Look after the first run.`)
    return
  }
  const handed = isHanded ? { BACKUP_PASSPHRASE_FILE: credential.file } : {}
  const env = { ...runEnvironment(facility.name, job, host.env), ...handed }
  const store = openKeyStore(settings, {
    files: state.paths.keyFiles(registration.repository),
    ...{ env, ask: nobodyToAsk },
  })
  try {
    const key = await store.load()
    key.dispose()
  } catch (error) {
    throw errorCodeOf(error) === 'key-unavailable' ? inThatSetting(error, facility) : error
  }
  if (settings.kind === 'os' && ['systemd', 'daemon'].includes(facility.name)) {
    output.note(
      'The key opens while you are logged in. For runs without: backup key-store move file',
    )
  }
}

const nobodyToAsk = () =>
  Promise.reject(
    new BackupError('key-unavailable', 'This machine keeps no key, and nobody is there to ask.'),
  )

const inThatSetting = (error: unknown, { name }: Facility): BackupError =>
  new BackupError(
    'key-unavailable',
    `A run that ${name} starts would not get at the key: ${(error as Error).message}`,
    {
      hint: 'Nothing was installed. Let the key lie in a file: backup key-store move file; or in none, with a passphrase file: backup key-store move none --unlock-file FILE',
      cause: error,
    },
  )
