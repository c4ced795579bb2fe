import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { encodeEntry } from '../../../../src/model/entry-codec.ts'
import type { FileEntry } from '../../../../src/model/entry.ts'
import { parseChunkId } from '../../../../src/model/ids.ts'
import { gatherAttributes, withLarge } from '../../../../src/agent/contents/attributes.ts'
import { readXattrs } from '../../../../src/agent/source/read-xattrs.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'

/** A file system that holds more attributes than most. */
const holding = (values: ReadonlyMap<string, Uint8Array>) => ({
  ...systemCalls(),
  listXattrs: () => [...values.keys()].map(utf8),
  getXattr: (_path: Uint8Array, name: Uint8Array) =>
    values.get(Buffer.from(name).toString()) ?? new Uint8Array(0),
})

const attributesOf = (values: ReadonlyMap<string, Uint8Array>) => {
  const { inline, large, failures } = gatherAttributes(readXattrs(utf8('/file'), holding(values)))
  const reference = { id: parseChunkId('ab'.repeat(32)), lengthBytes: 5000 }
  const stored = large.map(({ name }) => ({ name, content: [reference] }))
  return { attributes: withLarge(inline, stored), failures }
}

describe('the attributes of a file', () => {
  it.each([
    ['large ones', 5000],
    ['small ones', 100],
  ])('are kept as far as an entry has room, and the others are listed: %s', (_, lengthBytes) => {
    const names = Array.from({ length: 3000 }, (_, at) => `user.${'x'.repeat(200)}${at}`)
    const values = new Map(names.map((name) => [name, new Uint8Array(lengthBytes)]))
    const { attributes, failures } = attributesOf(values)
    expect(attributes.length + failures.length).toBe(3000)
    expect(attributes.length).toBeGreaterThan(500)
    const entry: FileEntry = {
      name: new Uint8Array(4096).fill(97),
      ...{ type: 'file', sizeBytes: 0, content: undefined, map: undefined },
      ...{
        mtimeNs: 0n,
        ctimeNs: 0n,
        btimeNs: undefined,
        mode: 0,
        uid: 0,
        gid: 0,
        inode: undefined,
      },
      ...{ links: undefined, flags: { changed: false, stale: false, mountPoint: false } },
      xattrs: attributes,
    }
    expect(() => encodeEntry(entry)).not.toThrow()
  })

  it('are all kept where there is room', () => {
    const values = new Map([
      ['user.empty', new Uint8Array(0)],
      ['user.large', new Uint8Array(60_000)],
    ])
    expect(attributesOf(values)).toMatchObject({ failures: [], attributes: [{}, {}] })
  })
})
