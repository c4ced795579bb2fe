/** Opens the vault for one command, and closes it whatever happens. */

import type { Command } from 'commander'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import type { OpenVault } from '../../vault/open.ts'
import { directoryOf } from './context.ts'

export async function withVault<T>(
  command: Command,
  work: (vault: OpenVault) => Promise<T>,
): Promise<T> {
  // Help and wrong usage are told without loading what it takes to open a vault.
  const { openVault } = await import('../../vault/open.ts')
  const surroundings = { clock: systemClock, random: systemRandom }
  const vault = await openVault(directoryOf(command), surroundings)
  try {
    return await work(vault)
  } finally {
    await vault.close()
  }
}
