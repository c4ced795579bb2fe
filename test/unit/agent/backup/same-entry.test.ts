import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isUnchanged, type Trust } from '../../../../src/agent/backup/compare.ts'
import { createSameEntry } from '../../../../src/agent/backup/same-entry.ts'
import type { FileFacts } from '../../../../src/agent/source/facts.ts'
import type { RawFacts } from '../../../../src/agent/system/system-calls.ts'
import type { Entry } from '../../../../src/model/entry.ts'
import { encodeEntry } from '../../../../src/model/entry-codec.ts'
import { LeafSkimmer } from '../../../../src/model/leaf-skimmer.ts'
import { writeTreePages } from '../../../../src/model/tree-page.ts'
import { fileNamed } from '../../../support/entries.ts'

const second = 1_000_000_000n

function rawOf(facts: FileFacts): RawFacts {
  const seconds = (ns: bigint) =>
    Number(BigInt.asUintN(64, ns / second - (ns % second < 0n ? 1n : 0n)))
  const rest = (ns: bigint) => Number(((ns % second) + second) % second)
  return {
    mode: 0x8000 | 0o644,
    links: facts.links,
    sizeBytes: facts.sizeBytes,
    inodeHigh: Number(facts.inode >> 32n),
    inodeLow: Number(facts.inode & 0xffff_ffffn),
    mtimeSeconds: seconds(facts.mtimeNs),
    mtimeNanoseconds: rest(facts.mtimeNs),
    ctimeSeconds: seconds(facts.ctimeNs),
    ctimeNanoseconds: rest(facts.ctimeNs),
    deviceMajor: 8,
    deviceMinor: 1,
  }
}

function skimmed(entry: Entry): LeafSkimmer {
  let page = new Uint8Array(0)
  writeTreePages([{ name: entry.name, bytes: encodeEntry(entry) }], {
    splitHash: () => new Uint8Array(32),
    emit: (bytes) => {
      page = Uint8Array.from(bytes)
      return { id: 'a'.repeat(64) as never, lengthBytes: bytes.length }
    },
  })
  const skimmer = new LeafSkimmer(page)
  skimmer.next()
  return skimmer
}

/** Close to each other, close to what 32 bits of seconds hold, and close to 1970. */
const time = fc.oneof(
  fc.bigInt({ min: 5n, max: 8n }),
  fc.bigInt({ min: -2n * second, max: 2n * second }),
  fc.bigInt({ min: 1_700_000_000n * second, max: 1_700_000_000n * second + 3n }),
  fc.bigInt({ min: 4_294_967_294n * second, max: 4_294_967_297n * second }),
)
const inode = fc.oneof(fc.bigInt({ min: 1n, max: 3n }), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }))

it('never calls the same what a closer look calls changed, and sees what is the same', () => {
  const given = fc.record({
    ...{
      mtimeNs: time,
      ctimeNs: time,
      inode,
      sizeBytes: fc.constantFrom(5, 2 ** 40),
      before: time,
    },
    differs: fc.constantFrom('nothing', 'nothing', 'mtime', 'ctime', 'inode', 'size', 'flags'),
    by: fc.constantFrom(1n, -1n, 2n ** 32n, second),
    inodesLast: fc.boolean(),
  })
  fc.assert(
    fc.property(
      given,
      ({ mtimeNs, ctimeNs, sizeBytes, before, differs, by, inodesLast, ...on }) => {
        const add = (what: typeof differs) => (differs === what ? by : 0n)
        const entry: Entry = {
          ...fileNamed('name', 5),
          mtimeNs: mtimeNs + add('mtime'),
          ctimeNs: ctimeNs + add('ctime'),
          inode: inodesLast ? BigInt.asUintN(64, on.inode + add('inode')) || 1n : undefined,
          flags: { changed: differs === 'flags', stale: false, mountPoint: false },
        }
        const facts: FileFacts = {
          ...{ kind: 'file', sizeBytes: differs === 'size' ? sizeBytes : 5, mtimeNs, ctimeNs },
          ...{ inode: on.inode, deviceId: 0x801n, links: 1, btimeNs: undefined, device: undefined },
          ...{ mode: 0o644, uid: 0, gid: 0 },
        }
        const trust: Trust = { reuse: 'entries', beforeNs: before > 0n ? before : 2n ** 63n }
        const isSame = createSameEntry(trust, facts, inodesLast)(skimmed(entry), rawOf(facts))
        const lastingInode = inodesLast ? on.inode : undefined
        const isReally = isUnchanged(entry, { ...facts, lastingInode }, trust)
        const isTold = [mtimeNs, ctimeNs].every((ns) => ns >= 0n && ns < 2n ** 32n * second)
        expect(isSame).toBe(isReally && isTold)
      },
    ),
    { numRuns: 2000 },
  )
})

it('looks closely at what lies on another file system', () => {
  const facts: FileFacts = {
    ...{ kind: 'file', sizeBytes: 5, mtimeNs: 7n, ctimeNs: 7n, btimeNs: undefined },
    ...{ inode: 3n, deviceId: 0x801n, links: 1, device: undefined, mode: 0o644, uid: 0, gid: 0 },
  }
  const entry = skimmed({ ...fileNamed('name', 5), mtimeNs: 7n, ctimeNs: 7n, inode: 3n })
  const isSame = createSameEntry({ reuse: 'entries', beforeNs: 8n }, facts, true)
  expect(isSame(entry, rawOf(facts))).toBe(true)
  expect(isSame(entry, { ...rawOf(facts), deviceMinor: 2 })).toBe(false)
  expect(isSame(entry, { ...rawOf(facts), mode: 0xa000 | 0o777 })).toBe(false)
})
