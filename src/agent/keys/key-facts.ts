/** Where the key of this machine is, and what that means, in words for people. */

import type { KeyFiles } from '../state/key-files.ts'
import type { KeyStoreSettings } from '../state/key-store-state.ts'
import type { AgentPaths, Registration } from '../state/state.ts'
import { keyStoreSettingsOf } from './open-key-store.ts'

export interface KeyFacts {
  readonly store: KeyStoreSettings['kind']
  readonly place: string
  readonly meaning: string
  /** No master key is kept. */
  readonly hardened: boolean
  readonly epoch: number
}

/** `registration`: what it says of its key. */
export function keyFactsOf(
  registration: Pick<Registration, 'keyStore' | 'hardened' | 'epoch' | 'repository'>,
  { keyFiles }: Pick<AgentPaths, 'keyFiles'>,
): KeyFacts {
  const { hardened, epoch = 0 } = registration
  const facts = factsOf(keyStoreSettingsOf(registration), keyFiles(registration.repository))
  if (hardened === undefined) return { ...facts, hardened: false, epoch }
  const opens = `hardened: it opens what is sent from epoch ${epoch} on, all before needs the passphrase`
  return { ...facts, hardened: true, epoch, meaning: `${facts.meaning}; ${opens}` }
}

function factsOf(
  settings: KeyStoreSettings,
  { masterKey }: Pick<KeyFiles, 'masterKey'>,
): Pick<KeyFacts, 'store' | 'place' | 'meaning'> {
  switch (settings.kind) {
    case 'file':
      return {
        store: 'file',
        place: `the file ${masterKey}`,
        meaning: 'who can read the files of this user, or a copy of the disk, has it',
      }
    case 'os':
      return {
        store: 'os',
        place: 'the key store of the operating system',
        meaning: 'it opens while its owner is logged in; runs at other times need it unlocked',
      }
    case 'none':
      return {
        store: 'none',
        place: 'nowhere on this machine',
        meaning: askedMeaning(settings),
      }
  }
}

function askedMeaning({
  passphraseFile,
  credential,
}: Extract<KeyStoreSettings, { kind: 'none' }>): string {
  if (passphraseFile !== undefined)
    return `each command takes the passphrase from ${passphraseFile}`
  return credential === undefined
    ? 'each command asks for the passphrase; runs by a schedule need it from a file or a credential of systemd'
    : `runs that systemd starts get the passphrase from ${credential.file}; other commands ask for it`
}
