/** Names of the users and groups of this machine, so that a restore elsewhere can find them by name. */

import { readFile } from 'node:fs/promises'
import type { OwnerName } from '../../model/manifest.ts'

/** Files that are larger are no list of local users. */
const maxNames = 10_000

/** Ascending by number; empty where the system has no such list. */
export async function ownerNames(
  list: '/etc/passwd' | '/etc/group',
): Promise<readonly OwnerName[]> {
  let text: Buffer
  try {
    text = await readFile(list)
  } catch {
    return []
  }
  const names = new Map<number, Buffer>()
  for (const line of text.toString('latin1').split('\n')) {
    const [name, , id] = line.split(':')
    if (name && id && /^\d{1,10}$/.test(id) && !names.has(Number(id))) {
      names.set(Number(id), Buffer.from(name, 'latin1'))
    }
  }
  return [...names]
    .map(([id, name]) => ({ id, name }))
    .filter(({ id }) => id <= 0xffff_ffff)
    .sort((a, b) => a.id - b.id)
    .slice(0, maxNames)
}
