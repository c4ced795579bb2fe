/** Hands what a plan holds to an archive, in order. */

import type { DirectoryItem, LeafItem, RestorePlan } from '../plan.ts'
import type { RestoreReport } from '../report.ts'

export interface ItemAdder {
  /** False when it is not in the archive; whoever knows why has reported it. */
  directory(item: DirectoryItem): Promise<boolean>
  /** False as above. Links are counted by whoever makes them. */
  leaf(item: LeafItem): Promise<boolean>
}

export interface AddContext {
  readonly report: RestoreReport
  readonly signal?: AbortSignal | undefined
}

export async function addItems(
  plan: RestorePlan,
  adder: ItemAdder,
  { report, signal }: AddContext,
): Promise<void> {
  for await (const item of plan.items({ signal })) {
    switch (item.kind) {
      case 'directory':
        // What is extracted into keeps its own attributes, unless it was asked for itself.
        if (item.way && item.place.length === 0) break
        if ((await adder.directory(item)) && !item.way) report.made('directory')
        break
      case 'leaf':
        if (await adder.leaf(item)) report.made(item.entry.type === 'file' ? 'file' : 'other')
        break
      case 'unreadable':
        report.failed(item.path, { kind: 'content' }, item.error)
        break
      case 'end':
    }
  }
}
