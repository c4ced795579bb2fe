import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ObjectId } from '../../src/model/ids.ts'
import { objectIdOf } from '../../src/model/ids.ts'
import { checkRefs, readRefs } from '../../src/model/refs-reader.ts'
import { writeRefs } from '../../src/model/refs.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { all } from '../support/page-store.ts'

/** Sets whose ids spread evenly, or crowd below one of a few prefixes. */
const idSet: fc.Arbitrary<ObjectId[]> = fc
  .array(
    fc.record({ count: fc.nat(900), prefix: fc.uint8Array({ maxLength: 6 }), seed: fc.string() }),
    { minLength: 1, maxLength: 4 },
  )
  .map((groups) => [...new Set(groups.flatMap(groupOf))])

function groupOf({
  count,
  prefix,
  seed,
}: {
  count: number
  prefix: Uint8Array
  seed: string
}): ObjectId[] {
  const bytes = pseudoRandomBytes(seed, count * 32)
  return Array.from({ length: count }, (_, at) => {
    const id = bytes.slice(at * 32, at * 32 + 32)
    id.set(prefix)
    return objectIdOf(id)
  })
}

it('the same set has the same objects, whatever the order of its ids', () => {
  fc.assert(
    fc.property(
      idSet.chain((ids) =>
        fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length })),
      ),
      ([ids, shuffled]) => {
        expect(writeRefs([...shuffled, ...ids])).toEqual(writeRefs(ids))
      },
    ),
    { numRuns: 30 },
  )
})

it('what is written passes the check and is the set', async () => {
  await fc.assert(
    fc.asyncProperty(idSet, async (ids) => {
      const { root, objects, count } = writeRefs(ids)
      const load = (id: ObjectId) => Promise.resolve(objects.get(id))
      expect(await checkRefs(root, load)).toMatchObject({ count, missing: [] })
      expect((await all(readRefs(root, load))).flatMap((shard) => shard.ids)).toEqual(
        ids.toSorted(),
      )
    }),
    { numRuns: 30 },
  )
})

it('one id more changes one object a level, or those of the cells that it splits', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const [extra, ...ids] = groupOf({ count: 4_000, prefix: new Uint8Array(0), seed })
      if (extra === undefined) return
      const before = writeRefs(ids)
      const after = writeRefs([...ids, extra])
      const fresh = [...after.objects.keys()].filter((id) => !before.objects.has(id))
      expect(fresh.length).toBeGreaterThanOrEqual(2)
      expect(fresh.length).toBeLessThanOrEqual(3)
    }),
    { numRuns: 10 },
  )
})
