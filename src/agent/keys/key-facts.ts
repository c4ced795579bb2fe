/** Where the key of this machine is, and what that means, in words for people. */

import type { KeyStoreSettings } from '../state/key-store-state.ts'
import type { AgentPaths } from '../state/state.ts'

export interface KeyFacts {
  readonly store: KeyStoreSettings['kind']
  readonly place: string
  readonly meaning: string
}

export function keyFactsOf(
  settings: KeyStoreSettings,
  paths: Pick<AgentPaths, 'masterKey'>,
): KeyFacts {
  switch (settings.kind) {
    case 'file':
      return {
        store: 'file',
        place: `the file ${paths.masterKey}`,
        meaning: 'who can read the files of this user, or a copy of the disk, can read all points',
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
        meaning:
          settings.passphraseFile === undefined
            ? 'each command asks for the passphrase; runs by a schedule need it from a file or a credential of systemd'
            : `each command takes the passphrase from ${settings.passphraseFile}`,
      }
  }
}
