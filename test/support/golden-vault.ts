/** The golden vault of fixtures/vaults/: a vault's directory, its passphrase, and what its points hold. */

import { chmodSync, cpSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ListedEntry } from './tree-listing.ts'

const folder = resolve(import.meta.dirname, '../../fixtures/vaults/v1')

export const goldenVault = {
  folder,
  /** As `backup-vault --dir` takes it, without second copies and catalog. */
  vault: join(folder, 'vault'),
  passphraseFile: join(folder, 'passphrase'),
  /** The certificate that the vault's records are signed with. */
  authorityFile: join(folder, 'authority.pem'),
  expectedFile: join(folder, 'expected.json'),
}

/** expected.json. */
export interface GoldenExpectation {
  readonly about: string
  readonly agentVersion: string
  readonly source: string
  /** The folder that was backed up, as a path of the points without the slash in front; hexadecimal. */
  readonly below: string
  readonly points: readonly GoldenPoint[]
}

export interface GoldenPoint {
  readonly seq: number
  readonly id: string
  /** Paths (hexadecimal) and reasons. */
  readonly leftOut: readonly (readonly [string, string])[]
  readonly entries: readonly ListedEntry[]
}

export const goldenExpectation = (): GoldenExpectation =>
  JSON.parse(readFileSync(goldenVault.expectedFile, 'utf8')) as GoldenExpectation

export const goldenPassphrase = (): string =>
  readFileSync(goldenVault.passphraseFile, 'utf8').replace(/\r?\n$/, '')

/** A copy to spoil or to open for writing. */
export function copyGoldenVault(to: string): string {
  const directory = join(to, 'vault')
  cpSync(goldenVault.vault, directory, { recursive: true })
  // A vault does not open with a key that others can read; git keeps no such modes.
  chmodSync(join(directory, 'authority.json'), 0o600)
  return directory
}
