/** The chain of tokens by which the vault tells two copies of a machine from one (docs/protocol.md). */

import { toHex, type RandomBytes } from '../../base/bytes.ts'
import type { Link } from '../../policy/lineage.ts'
import type { AgentState } from './state.ts'

/** The link to tell: written down before it is told, so that one that was not heard is told again as it was. */
export async function nextLink({ instance }: AgentState, random: RandomBytes): Promise<Link> {
  const known = await instance.load()
  if (known?.next !== undefined) return { seen: known.token, next: known.next }
  const link = { seen: known?.token ?? null, next: toHex(random(16)) }
  await instance.save({ token: link.seen, next: link.next })
  return link
}

/** It was heard. */
export const settleLink = ({ instance }: AgentState, { next }: Link): Promise<void> =>
  instance.save({ token: next })
