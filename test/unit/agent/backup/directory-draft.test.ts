import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDraft } from '../../../../src/agent/backup/directory-draft.ts'
import { laterStep, type Step } from '../../../../src/agent/backup/walk-context.ts'
import type { FileEntry } from '../../../../src/model/entry.ts'
import { writeTreePages } from '../../../../src/model/tree-page.ts'
import { encoded, fileNamed } from '../../../support/entries.ts'
import { createPageStore, splitHash } from '../../../support/page-store.ts'

const names = Array.from({ length: 9000 }, (_, at) => `name ${at.toString().padStart(6, '0')}`)

/** As they come: most at once, some when files have been read, a few not at all. */
function stepOf(entry: FileEntry, at: number, same: boolean): Step {
  if (at % 997 === 0) return { walked: undefined }
  if (at % 7 > 0) return { walked: { entry, same } }
  return laterStep(
    (async () => {
      for (let turn = 0; turn < at % 4; turn++) await setImmediate()
      return at % 49 === 0 ? undefined : { entry, same }
    })(),
  )
}

const isThere = (_: FileEntry, at: number): boolean => at % 997 !== 0 && at % 49 !== 0

function draftWith(store: ReturnType<typeof createPageStore>) {
  let opened = 0
  const sink = {
    open: () => {
      opened++
      return Promise.resolve()
    },
    flow: () => Promise.resolve(),
    add: (_: number, page: Uint8Array) => store.emit(page),
  }
  return { draft: createDraft({ sink, splitHash }), opened: () => opened }
}

it('makes the tree of all entries, and begins to write it while names are looked at', async () => {
  const entries = names.map((name) => fileNamed(name))
  const whole = createPageStore(2)
  const wanted = writeTreePages(entries.filter(isThere).map(encoded), { splitHash, ...whole })
  const store = createPageStore(2)
  const { draft } = draftWith(store)
  for (const [at, entry] of entries.entries()) await draft.add(stepOf(entry, at, at < 100))
  expect(draft.isPending).toBe(true)
  expect(store.pages.size).toBeGreaterThan(1)
  const settled = await draft.settle()
  expect(settled.same).toBe(false)
  expect(await settled.tree()).toEqual(wanted)
  expect([...store.pages.keys()].sort()).toEqual([...whole.pages.keys()].sort())
})

it('writes nothing where all is as it was, unless it is asked to', async () => {
  const store = createPageStore(2)
  const { draft, opened } = draftWith(store)
  const entries = names.map((name) => fileNamed(name))
  for (const [at, entry] of entries.entries()) await draft.add(stepOf(entry, at, true))
  const settled = await draft.settle()
  expect(settled.same).toBe(true)
  expect([opened(), store.pages.size]).toEqual([0, 0])
  const wanted = writeTreePages(entries.filter(isThere).map(encoded), { splitHash, ...store })
  expect(await settled.tree()).toEqual(wanted)
})

it('of nothing is the tree of an empty directory', async () => {
  const store = createPageStore(2)
  const { draft } = draftWith(store)
  expect(draft.isPending).toBe(false)
  const settled = await draft.settle()
  expect(await settled.tree()).toEqual(writeTreePages([], { splitHash, ...store }))
})
