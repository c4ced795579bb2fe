/**
 * What no point names yet the vault keeps for 30 days. A run that takes longer asks for all that it counts on now and then,
 * which renews it: so a first backup over a slow line ends, however long it takes.
 */

import { dayMs, type Clock } from '../../base/clock.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { Uploads } from '../../repository/uploads.ts'

export interface RenewingUploads extends Uploads {
  /** Objects that earlier runs have sent and this one counts on: asked for at once, and from then on. Those that are gone. */
  countOn(ids: Iterable<ObjectId>): Promise<readonly ObjectId[]>
}

export interface RenewalContext {
  readonly connection: Pick<VaultConnection, 'missing'>
  /** Of the repository. */
  readonly number: number
  readonly clock: Clock
}

const everyMs = 7 * dayMs

export function renewingUploads(uploads: Uploads, context: RenewalContext): RenewingUploads {
  const { connection, number, clock } = context
  const staged = new Set<ObjectId>()
  let askedAt = clock.now()
  const ask = async (): Promise<readonly ObjectId[]> => {
    askedAt = clock.now()
    return await connection.missing(number, [...staged])
  }
  return {
    put: async (object, whenStored) => {
      // What is gone all the same is told by the commit, and sent again.
      if (Math.abs(clock.now() - askedAt) >= everyMs) await ask()
      await uploads.put(object, async () => {
        staged.add(object.id)
        await whenStored?.()
      })
    },
    settle: () => uploads.settle(),
    rest: () => uploads.rest(),
    get counts() {
      return uploads.counts
    },
    countOn: async (ids) => {
      for (const id of ids) staged.add(id)
      if (staged.size === 0) return []
      const gone = await ask()
      for (const id of gone) staged.delete(id)
      return gone
    },
  }
}
