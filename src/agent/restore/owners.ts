/** Users and groups of a point on this machine: by name where this machine knows it, by number otherwise. */

import { toHex } from '../../base/bytes.ts'
import type { Manifest, OwnerName } from '../../model/manifest.ts'
import { ownerNames } from '../source/owner-names.ts'
import type { RestoredAttributes } from './context.ts'

export const numericOwners: RestoredAttributes['ownerOf'] = (uid, gid) => ({ uid, gid })

export async function namedOwners({
  users,
  groups,
}: Pick<Manifest, 'users' | 'groups'>): Promise<RestoredAttributes['ownerOf']> {
  const userOf = translation(users, await ownerNames('/etc/passwd'))
  const groupOf = translation(groups, await ownerNames('/etc/group'))
  return (uid, gid) => ({ uid: userOf.get(uid) ?? uid, gid: groupOf.get(gid) ?? gid })
}

/** From numbers of the point to those that the same names have here. */
function translation(
  there: readonly OwnerName[],
  here: readonly OwnerName[],
): ReadonlyMap<number, number> {
  const known = new Map(here.map(({ id, name }) => [toHex(name), id]))
  return new Map(
    there.flatMap(({ id, name }): [number, number][] => {
      const local = known.get(toHex(name))
      return local === undefined ? [] : [[id, local]]
    }),
  )
}
