import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changeSource } from '../../../../src/agent/state/change-policy.ts'
import { openState } from '../../../../src/agent/state/state.ts'
import { sleep } from '../../../../src/base/flow.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

describe('changes of the policy', () => {
  it('that are made at once are all kept', async () => {
    const directory = join(scratchDirectory(), 'state')
    const numbers = Array.from({ length: 8 }, (_, at) => String(at))
    await Promise.all(
      numbers.map((number) =>
        changeSource(openState(directory), number === '0' ? 'other' : 'files', async (old) => {
          await sleep(2)
          return { ...old, exclude: [...old.exclude, number] }
        }),
      ),
    )
    const policy = await openState(directory).loadPolicy()
    expect(policy['files']?.exclude.toSorted()).toEqual(numbers.slice(1))
    expect(policy['other']?.exclude).toEqual(['0'])
  })

  it('that fail leave all as it was, and the lock free', async () => {
    const state = openState(join(scratchDirectory(), 'state'))
    await changeSource(state, 'files', (old) => ({ ...old, exclude: ['a'] }))
    const failure = new Error('no')
    await expect(changeSource(state, 'files', () => Promise.reject(failure))).rejects.toBe(failure)
    expect((await state.loadPolicy())['files']?.exclude).toEqual(['a'])
    await changeSource(state, 'files', (old) => ({ ...old, exclude: ['b'] }))
  })
})
