/** Key slots: what a passphrase opens the points with once the machine is gone. */

import { equalBytes } from '../../base/bytes.ts'
import { messageOf } from '../../base/errors.ts'
import { decodeSlot } from '../../model/slot.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { Repository } from '../../repository/repository.ts'
import type { DamageList } from './damage-list.ts'

/** Notes slots that can not be read, or are of another repository. That a passphrase opens them only that passphrase can prove. */
export async function checkKeySlots(
  { connection, number, repositoryId }: Omit<Repository, 'keys' | 'config'>,
  damages: DamageList,
): Promise<void> {
  const slots = await connection.slots(number)
  if (slots.length === 0) {
    damages.note('slots', 'slot', 'There is none: without this machine nothing can be opened.')
  }
  for (const slot of slots) {
    try {
      const isOwn = equalBytes(
        decodeSlot(await connection.slot(number, slot)).repositoryId,
        repositoryId,
      )
      if (!isOwn) damages.note(String(slot), 'slot', 'It is of another repository.')
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      damages.note(String(slot), 'slot', messageOf(error))
    }
  }
}
