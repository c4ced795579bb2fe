import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, u32, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import type { ObjectId } from '../../../src/model/ids.ts'
import { idBytes, objectIdOf } from '../../../src/model/ids.ts'
import type { RefsItem, RefsShard } from '../../../src/model/refs-object.ts'
import { decodeRefsObject, encodeRefsItems } from '../../../src/model/refs-object.ts'
import { checkRefs, readRefs, refsItemKey } from '../../../src/model/refs-reader.ts'
import { writeRefs } from '../../../src/model/refs.ts'
import { all } from '../../support/page-store.ts'

const made = (count: number, from = 0): ObjectId[] =>
  Array.from({ length: count }, (_, at) => objectIdOf(sha256(utf8(`id ${from + at}`))))

/** Ids that begin with these bytes. */
const under = (count: number, ...first: number[]): ObjectId[] =>
  made(count).map((id) =>
    objectIdOf(concatBytes(Uint8Array.from(first), idBytes(id).subarray(first.length))),
  )

/** Ids of which each next bit splits off one: many small cells from few ids. */
function chain(number: number): ObjectId[] {
  const start = (): Uint8Array => new Uint8Array(32).fill(number << 5, 0, 1)
  const alone = Array.from({ length: 230 }, (_, at) => {
    const id = start()
    id[(at + 3) >> 3] = (id[(at + 3) >> 3] ?? 0) | (0x80 >> ((at + 3) & 7))
    return objectIdOf(id)
  })
  const together = Array.from({ length: 513 }, (_, at) => {
    const id = start()
    return objectIdOf(id.fill(at >> 8, 30).fill(at & 255, 31))
  })
  return [...alone, ...together]
}

const loader = (objects: ReadonlyMap<ObjectId, Uint8Array>) => (id: ObjectId) =>
  Promise.resolve(objects.get(id))

const idsOf = async (root: ObjectId, objects: ReadonlyMap<ObjectId, Uint8Array>) =>
  (await all(readRefs(root, loader(objects)))).flatMap((shard) => shard.ids)

describe('refs', () => {
  it.each([0, 1, 2, 512, 513, 1_500, 5_000])(
    'of %i ids hold them in order, and pass the check',
    async (count) => {
      const ids = made(count)
      const { root, objects, ...written } = writeRefs(ids)
      expect(written.count).toBe(count)
      expect(await idsOf(root, objects)).toEqual(ids.toSorted())
      const checked = await checkRefs(root, loader(objects))
      expect(checked).toMatchObject({ count, missing: [] })
      expect([...checked.nodes, ...checked.shards.map(({ id }) => id)].toSorted()).toEqual(
        [...objects.keys()].toSorted(),
      )
    },
  )

  it('of no ids are a root of level 1 without items', () => {
    const { root, objects } = writeRefs([])
    const bytes = encodeCbor(
      new Map<number, CborValue>([
        [0, 1],
        [1, 0],
        [2, utf8('')],
        [3, utf8('')],
      ]),
    )
    expect([...objects]).toEqual([[root, bytes]])
    expect(toHex(sha256(bytes))).toBe(root)
  })

  it('of few ids are a shard and a root', () => {
    const [a, b] = under(2, 0x80).toSorted()
    const { root, objects } = writeRefs([b, a, b].filter((id) => id !== undefined))
    const shard = decodeRefsObject([...objects.values()][0] ?? utf8(''))
    expect(shard).toEqual({ level: 0, bits: 0, prefix: new Uint8Array(32), ids: [a, b] })
    expect([...objects.keys()].at(-1)).toBe(root)
    expect(objects.size).toBe(2)
  })

  it('are split where more than 512 ids begin alike, and only there', async () => {
    const ids = [...under(513, 0b1010_0000), ...under(512, 0b0100_0000)]
    const { root, objects } = writeRefs(ids)
    const { shards } = await checkRefs(root, loader(objects))
    const whole = shards.map(({ bits, prefix, count }) => [bits, prefix[0], count])
    expect(whole[0]).toEqual([1, 0, 512])
    expect(whole.slice(1).every(([bits]) => (bits ?? 0) > 8)).toBe(true)
    expect(shards.length).toBe(3)
  })

  it('reach down to the last bit of ids', async () => {
    const last = Array.from({ length: 600 }, (_, at) =>
      objectIdOf(concatBytes(new Uint8Array(30), Uint8Array.of(at >> 8, at & 255))),
    )
    const { root, objects } = writeRefs(last)
    expect(await checkRefs(root, loader(objects))).toMatchObject({ count: 600, missing: [] })
    expect(await idsOf(root, objects)).toEqual(last)
  })

  it('have further levels where there are more than 512 objects', async () => {
    const ids = [...Array(8).keys()].flatMap(chain)
    const { root, objects } = writeRefs(ids)
    expect(decodeRefsObject(objects.get(root) ?? utf8('')).level).toBe(2)
    const seen: string[] = []
    const { count, shards } = await checkRefs(root, loader(objects), {
      onShard: (shard) => void seen.push(...shard.ids),
    })
    expect(shards.length).toBeGreaterThan(512)
    expect(count).toBe(ids.length)
    expect(seen.toSorted()).toEqual(ids.toSorted())
  })

  it('do not load shards that are known', async () => {
    const before = writeRefs(made(5_000))
    const after = writeRefs(made(5_001))
    const { shards } = await checkRefs(before.root, loader(before.objects))
    const known = new Set(shards.map(refsItemKey))
    const loaded: RefsShard[] = []
    const checked = await checkRefs(after.root, loader(after.objects), {
      known: (shard) => known.has(refsItemKey(shard)),
      onShard: (shard) => void loaded.push(shard),
    })
    expect(checked).toMatchObject({ count: 5_001, missing: [] })
    expect(loaded).toHaveLength(1)
    expect(loaded[0]?.ids).toContain(made(1, 5_000)[0])
  })

  it('name the objects that are not there', async () => {
    const { root, objects } = writeRefs(made(2_000))
    const [first = root, second = root] = objects.keys()
    const left = new Map(objects)
    left.delete(first)
    left.delete(second)
    expect((await checkRefs(root, loader(left))).missing.toSorted()).toEqual(
      [first, second].toSorted(),
    )
    expect((await checkRefs(root, loader(new Map()))).missing).toEqual([root])
    await expect(all(readRefs(root, loader(left)))).rejects.toMatchObject({ code: 'missing-data' })
  })

  it('that are damaged are refused by name', async () => {
    const { root, objects } = writeRefs(made(2_000))
    for (const id of objects.keys()) {
      const bytes = Uint8Array.from(objects.get(id) ?? [])
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      const load = loader(new Map(objects).set(id, bytes))
      await expect(checkRefs(root, load)).rejects.toMatchObject({ code: 'damaged', facts: { id } })
    }
  })
})

type Parts = Readonly<{
  level?: CborValue
  bits?: CborValue
  prefix?: Uint8Array
  items?: CborValue
}>

const object = ({ level = 0, bits = 0, prefix = utf8(''), items = idBytes(a) }: Parts) =>
  encodeCbor(
    new Map<number, CborValue>([
      [0, level],
      [1, bits],
      [2, prefix],
      [3, items],
    ]),
  )

const [a, b] = under(2, 0x80).toSorted() as [ObjectId, ObjectId]

const item = (bits: number, first: number, count = 1, id = a): RefsItem => ({
  bits,
  prefix: Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? first : 0)),
  id,
  count,
})

describe('a refs object', () => {
  const items = (...list: RefsItem[]) => encodeRefsItems(list)
  const long = (count: number) => under(count, 0x80).toSorted().map(idBytes)

  it.each<[string, Uint8Array]>([
    ['no ids', object({ items: utf8('') })],
    ['half an id', object({ items: idBytes(a).subarray(16) })],
    ['ids out of order', object({ items: concatBytes(idBytes(b), idBytes(a)) })],
    ['an id twice', object({ items: concatBytes(idBytes(a), idBytes(a)) })],
    ['513 ids', object({ items: concatBytes(...long(513)) })],
    ['an id outside its prefix', object({ bits: 1, prefix: Uint8Array.of(0) })],
    [
      'an id outside a longer prefix',
      object({ bits: 9, prefix: Uint8Array.of(0x80, ((idBytes(a)[1] ?? 0) & 0x80) ^ 0x80) }),
    ],
    ['a prefix too short', object({ bits: 9, prefix: Uint8Array.of(0x80) })],
    ['a prefix too long', object({ bits: 1, prefix: Uint8Array.of(0x80, 0) })],
    ['unused bits in its prefix', object({ bits: 1, prefix: Uint8Array.of(0xc0) })],
    ['a prefix of 257 bits', object({ bits: 257, prefix: new Uint8Array(33) })],
    ['level 16', object({ level: 16, items: items(item(0, 0), item(0, 0)) })],
    ['a level that is text', object({ level: 'a' })],
    ['ids that are an array', object({ items: [idBytes(a)] })],
    [
      'a node without items below the root',
      object({ level: 1, bits: 1, prefix: Uint8Array.of(0), items: utf8('') }),
    ],
    ['a node of level 2 without items', object({ level: 2, items: utf8('') })],
    ['half an item', object({ level: 1, items: items(item(0, 0)).subarray(35) })],
    ['items out of order', object({ level: 1, items: items(item(1, 0x80), item(1, 0)) })],
    ['an item twice', object({ level: 1, items: items(item(1, 0), item(1, 0)) })],
    ['an item below another', object({ level: 1, items: items(item(1, 0), item(2, 0x40)) })],
    [
      'an item that is the whole and another',
      object({ level: 1, items: items(item(0, 0), item(1, 0x80)) }),
    ],
    ['an item with unused bits', object({ level: 1, items: items(item(1, 0xc0)) })],
    ['an item of 257 bits', object({ level: 1, items: items(item(257, 0)) })],
    ['an item without ids', object({ level: 1, items: items(item(0, 0, 0)) })],
    ['an item of 513 ids in one shard', object({ level: 1, items: items(item(0, 0, 513)) })],
    [
      'an item outside its prefix',
      object({ level: 1, bits: 1, prefix: Uint8Array.of(0), items: items(item(1, 0x80)) }),
    ],
    [
      'an item above its prefix',
      object({ level: 1, bits: 2, prefix: Uint8Array.of(0), items: items(item(1, 0)) }),
    ],
    [
      'a fifth field',
      encodeCbor(
        new Map<number, CborValue>([
          [0, 0],
          [1, 0],
          [2, utf8('')],
          [3, idBytes(a)],
          [4, 0],
        ]),
      ),
    ],
    ['more than 64 KiB', object({ items: new Uint8Array(65_536) })],
    ['an array', encodeCbor([])],
    ['nothing', utf8('')],
    ['a float as level', Uint8Array.of(0xa4, 0, 0xf9, 0, 0, 1, 0, 2, 0x40, 3, 0x40)],
    ['an indefinite map', Uint8Array.of(0xbf, 0, 1, 1, 0, 2, 0x40, 3, 0x40, 0xff)],
    ['keys out of order', Uint8Array.of(0xa4, 1, 0, 0, 1, 2, 0x40, 3, 0x40)],
    ['a byte behind it', Uint8Array.of(0xa4, 0, 1, 1, 0, 2, 0x40, 3, 0x40, 0)],
    [
      'ids of 2^32 bytes',
      concatBytes(Uint8Array.of(0xa4, 0, 0, 1, 0, 2, 0x40, 3, 0x5b, 0, 0, 0, 1), u32(0)),
    ],
  ])('made of %s is refused', (_, bytes) => {
    expect(() => decodeRefsObject(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it('of the empty set is read', () => {
    const bytes = Uint8Array.of(0xa4, 0, 1, 1, 0, 2, 0x40, 3, 0x40)
    expect(decodeRefsObject(bytes)).toEqual({
      level: 1,
      bits: 0,
      prefix: new Uint8Array(32),
      items: [],
    })
  })
})

describe('refs that are not what their set is written as', () => {
  const objects = new Map<ObjectId, Uint8Array>()
  const put = (bytes: Uint8Array): ObjectId => {
    const id = objectIdOf(sha256(bytes))
    objects.set(id, bytes)
    return id
  }
  const prefix = (bits: number, first: number) => Uint8Array.of(first).subarray(0, bits > 0 ? 1 : 0)
  const shard = (bits: number, first: number, ids: ObjectId[]): RefsItem => {
    const bytes = object({
      bits,
      prefix: prefix(bits, first),
      items: concatBytes(...ids.toSorted().map(idBytes)),
    })
    return item(bits, first, ids.length, put(bytes))
  }
  const node = (level: number, bits: number, first: number, list: RefsItem[]): RefsItem => {
    const bytes = object({ level, bits, prefix: prefix(bits, first), items: encodeRefsItems(list) })
    return item(
      bits,
      first,
      list.reduce((sum, { count }) => sum + count, 0),
      put(bytes),
    )
  }
  const low = (count: number) => under(count, 0)
  const high = (count: number) => under(count, 0x80)
  const check = (root: RefsItem) => checkRefs(root.id, loader(objects))

  it('pass where they are', async () => {
    const root = node(1, 0, 0, [shard(1, 0, low(256)), shard(1, 0x80, high(257))])
    expect(await check(root)).toMatchObject({ count: 513, missing: [] })
    expect(root.id).toBe(writeRefs([...low(256), ...high(257)]).root)
  })

  it.each<[string, RefsItem]>([
    ['a shard as root', shard(0, 0, low(1))],
    ['a root with a prefix', node(1, 1, 0, [shard(1, 0, low(1))])],
    ['a root above the only node', node(2, 0, 0, [node(1, 0, 0, [shard(0, 0, low(1))])])],
    [
      'a cell split without need',
      node(1, 0, 0, [shard(1, 0, low(256)), shard(1, 0x80, high(256))]),
    ],
    ['a cell cut to one half', node(1, 0, 0, [shard(1, 0, low(512))])],
    [
      'one half split twice without need',
      node(1, 0, 0, [
        shard(2, 0, low(256)),
        shard(2, 0x40, under(256, 0x40)),
        shard(1, 0x80, high(300)),
      ]),
    ],
    [
      'nodes split without need',
      node(2, 0, 0, [
        node(1, 1, 0, [shard(1, 0, low(300))]),
        node(1, 1, 0x80, [shard(1, 0x80, high(300))]),
      ]),
    ],
    ['a number of ids too high', node(1, 0, 0, [{ ...shard(0, 0, low(3)), count: 4 }])],
    ['a number of ids too low', node(1, 0, 0, [{ ...shard(0, 0, low(3)), count: 2 }])],
    [
      'a shard below another prefix',
      node(1, 0, 0, [{ ...shard(1, 0, low(300)), bits: 2 }, shard(1, 0x80, high(300))]),
    ],
    [
      'a shard in place of a node',
      node(2, 0, 0, [shard(1, 0, low(300)), shard(1, 0x80, high(300))]),
    ],
    [
      'a node in place of a shard',
      node(1, 0, 0, [node(1, 1, 0, [shard(1, 0, low(300))]), shard(1, 0x80, high(300))]),
    ],
    [
      'a node whose number of ids is wrong',
      node(2, 0, 0, [
        { ...node(1, 1, 0, [shard(1, 0, low(300))]), count: 301 },
        node(1, 1, 0x80, [shard(1, 0x80, high(300))]),
      ]),
    ],
  ])('are refused: %s', async (_, root) => {
    await expect(check(root)).rejects.toMatchObject({ code: 'malformed' })
  })
})
