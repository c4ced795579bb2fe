import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { stateFile } from '../../../../src/agent/state/state-file.ts'
import { addSources, changeSource, emptyPolicy } from '../../../../src/agent/state/change-policy.ts'
import { openState } from '../../../../src/agent/state/state.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

describe('a file of the state directory', () => {
  it('keeps what many change at once, of all of them', async () => {
    const path = join(scratchDirectory(), 'seen.json')
    const names = Array.from({ length: 8 }, (_, number) => `source-${number}`)
    // Each as another process has it open.
    const file = () => stateFile(path, z.record(z.string(), z.number()))
    await Promise.all(names.map((name) => file().update((old) => ({ ...old, [name]: 1 }))))
    expect(Object.keys((await file().load()) ?? {}).sort()).toEqual(names)
  })

  it('that is damaged is not written over by a change', async () => {
    const path = join(scratchDirectory(), 'seen.json')
    writeFileSync(path, '{ torn')
    const file = stateFile(path, z.record(z.string(), z.number()))
    await expect(file.update(() => ({ a: 1 }))).rejects.toMatchObject({ code: 'state-damaged' })
  })
})

describe('sources that are taken over', () => {
  it('are added to what another command has written meanwhile, and replace nothing', async () => {
    const state = openState(scratchDirectory())
    const mine = { include: [], exclude: ['*.tmp'] }
    const [, added] = await Promise.all([
      changeSource(state, 'files', () => mine),
      addSources(state, { mail: emptyPolicy }),
    ])
    expect(added).toEqual(['mail'])
    expect(await addSources(state, { files: emptyPolicy })).toEqual([])
    expect(await state.loadPolicy()).toEqual({ files: mine, mail: emptyPolicy })
  })
})
