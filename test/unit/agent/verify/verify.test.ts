import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import type { ObjectId } from '../../../../src/model/ids.ts'
import { verifyPoints } from '../../../../src/agent/verify/verify.ts'
import type { PointFacts } from '../../../../src/repository/point-reader.ts'
import {
  createTestRepository,
  namesOf,
  type TestRepository,
} from '../../../support/test-repository.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'

interface Sample {
  readonly test: TestRepository
  readonly points: readonly [PointFacts, PointFacts]
  readonly chunk: string
}

function sample(): Sample {
  const test = createTestRepository({ segmentBytes: 1 })
  const file = test.file('file', pseudoRandomBytes('file', 30_000))
  const docs = test.directory('docs', [file, test.file('good', pseudoRandomBytes('good', 30_000))])
  const first = test.commit(test.directory('', [docs]))
  const second = test.commit(test.directory('', [docs, test.file('new', utf8('new'))]))
  return { test, points: [first, second], chunk: file.content?.[0]?.id ?? '' }
}

const verify = ({ test, points }: Sample, readData = false) =>
  verifyPoints(test.repository, points, { readData })

describe('verification', () => {
  it('finds nothing wrong with what is whole, and says what it looked at', async () => {
    const result = await verify(sample())
    expect(result).toMatchObject({
      points: 2,
      damageCount: 0,
      pathCount: 0,
      files: 3,
      directories: 3,
    })
    const read = await verify(sample(), true)
    expect(read).toMatchObject({ damageCount: 0, packs: 4, packsToRead: 4 })
  })

  it('names a pack that is not there, and the paths that needed it', async () => {
    const state = sample()
    const { pack } = state.test.placeOf(state.chunk)
    state.test.vault.stored.delete(pack)
    const result = await verify(state)
    expect(result.damages).toMatchObject([{ id: pack, kind: 'pack' }])
    expect(result.damages[0]?.paths.map((each) => each.path)).toContainEqual(namesOf('/docs/file'))
  })

  it('finds a flipped byte in a data pack only by reading data, and then only what it concerns', async () => {
    const state = sample()
    const { pack, middle } = state.test.placeOf(state.chunk)
    state.test.vault.flip(pack, middle)
    expect((await verify(state)).damageCount).toBe(0)
    const result = await verify(state, true)
    expect(result.damages).toMatchObject([{ id: pack, kind: 'pack', pathCount: 2 }])
    expect(result.damages[0]?.paths).toEqual(
      state.points.map(({ id }) => ({ point: id, system: 'linux', path: namesOf('/docs/file') })),
    )
  })

  it('finds a flipped byte in every object', async () => {
    const count = sample().test.vault.stored.size
    for (let at = 0; at < count; at++) {
      const state = sample()
      const victim = [...state.test.vault.stored.values()][at]
      if (victim === undefined) throw new Error('none')
      state.test.vault.flip(victim.id, victim.bytes.length >> 1)
      const { damages } = await verify(state, true)
      expect([victim.kind, damages.map((damage) => damage.id)]).toEqual([
        victim.kind,
        expect.arrayContaining([victim.id]),
      ])
    }
    expect(count).toBeGreaterThan(10)
  })

  it('blames damaged refs, and nothing that they named', async () => {
    const state = sample()
    const id = state.points[1].commit.refsRoot
    state.test.vault.flip(id, 20)
    expect((await verify(state, true)).damages).toMatchObject([{ id, kind: 'refs' }])
  })

  it('finds a key slot that is damaged, of another repository, or not there', async () => {
    const slotsOf = ({ test }: ReturnType<typeof sample>) => test.vault.storedSlots
    const damaged = sample()
    const [slot] = slotsOf(damaged)
    if (slot === undefined) throw new Error('none')
    slot[100] = (slot[100] ?? 0) ^ 1
    expect((await verify(damaged, false)).damages).toMatchObject([{ kind: 'slot', id: '0' }])
    const foreign = sample()
    slotsOf(foreign).splice(0, 1, ...slotsOf(sample()))
    expect((await verify(foreign, false)).damages).toMatchObject([{ kind: 'slot', id: '0' }])
    const none = sample()
    slotsOf(none).length = 0
    expect((await verify(none, false)).damages).toMatchObject([{ kind: 'slot' }])
  })

  it('takes a pack for no place that the refs do not name', async () => {
    const state = sample()
    const { test } = state
    const hidden = test.directory('', [test.file('hidden', pseudoRandomBytes('hidden', 1000))])
    test.flush()
    const point = test.commit(test.directory('', [], { tree: hidden.tree }))
    const result = await verifyPoints(test.repository, [point], { readData: false })
    expect(result.damages).toMatchObject([{ id: hidden.tree.id, kind: 'chunk' }])
  })

  it('goes on when a manifest is damaged', async () => {
    const state = sample()
    const id: ObjectId = state.points[0].commit.manifest
    state.test.vault.flip(id, 100)
    const result = await verify(state)
    expect(result.damages).toMatchObject([{ id, kind: 'manifest', paths: [{ path: [] }] }])
    expect(result.files).toBe(3)
  })
})
