import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseSourceName } from '../../../src/model/ids.ts'
import { listPoints, openPoint } from '../../../src/repository/point-reader.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { createTestRepository, type TestRepository } from '../../support/test-repository.ts'

function withPoints(): TestRepository {
  const test = createTestRepository()
  for (const text of ['one', 'two', 'three']) {
    test.commit(test.directory('', [test.file('file', utf8(text))]))
  }
  return test
}

const list = (test: TestRepository, source?: string) =>
  listPoints(test.vault, {
    authorities: [test.authority.publicKey],
    source: source === undefined ? undefined : parseSourceName(source),
  })

describe('listing points', () => {
  it('gives each with what the vault says of it', async () => {
    const test = withPoints()
    const points = await list(test)
    expect(points.map((point) => point.seq)).toEqual([1, 2, 3])
    expect(points[0]).toMatchObject({
      source: 'files',
      vaultTimeMs: 1_700_000_000_000,
      tags: ['daily'],
      retainUntilMs: 1_700_000_001_000,
      lockUntilMs: 1_700_000_000_500,
    })
  })

  it('begins where the vault begins: earlier points may have expired', async () => {
    const test = withPoints()
    test.vault.storedPoints.shift()
    expect((await list(test)).map((point) => point.seq)).toEqual([2, 3])
  })

  it('keeps sources apart', async () => {
    const test = withPoints()
    test.commit(test.directory('', []), { source: 'mail' })
    expect((await list(test)).length).toBe(4)
    expect((await list(test, 'mail')).map((point) => point.seq)).toEqual([1])
  })

  it('may lack points in the middle: retention has taken them out', async () => {
    const test = withPoints()
    test.vault.storedPoints.splice(1, 1)
    expect((await list(test)).map((point) => point.seq)).toEqual([1, 3])
  })

  it.each([
    [
      'points are out of order',
      (test: TestRepository) => void test.vault.storedPoints.reverse(),
      'vault-rolled-back',
    ],
    ['a commit record was changed', flipped('commit', 20), 'damaged'],
    ["the vault's record was changed", flipped('record', 3), 'damaged'],
    ['the records of two points were exchanged', exchanged, 'damaged'],
  ])('is refused when %s', async (_, spoil, code) => {
    const test = withPoints()
    spoil(test)
    await expect(list(test)).rejects.toMatchObject({ code })
  })

  it("is refused when the vault's record is signed by somebody else", async () => {
    const test = withPoints()
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const promise = listPoints(test.vault, { authorities: [publicKey] })
    await expect(promise).rejects.toMatchObject({ code: 'damaged' })
    const both = [publicKey, test.authority.publicKey]
    expect((await listPoints(test.vault, { authorities: both })).length).toBe(3)
  })

  it("is refused when a point is another machine's", async () => {
    const test = withPoints()
    const identity = { ...test.vault.identity, machineId: '33'.repeat(16) as never }
    await expect(list({ ...test, vault: { ...test.vault, identity } })).rejects.toMatchObject({
      code: 'damaged',
    })
  })
})

describe('opening a point', () => {
  it('gives its manifest and the places of its chunks', async () => {
    const test = withPoints()
    const point = (await list(test)).at(-1)
    if (point === undefined) throw new Error('none')
    const { manifest, index } = await openPoint(test.repository, point)
    expect(manifest.hostName).toBe('test')
    expect(index.places(manifest.root.tree.id).length).toBe(1)
  })

  it('refuses the manifest of another point', async () => {
    const test = withPoints()
    const [first, second] = await list(test)
    if (first === undefined || second === undefined) throw new Error('none')
    const mixed = { ...second, commit: { ...second.commit, manifest: first.commit.manifest } }
    await expect(openPoint(test.repository, mixed)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('says so when no index places its root', async () => {
    const test = withPoints()
    const point = test.commit(test.directory('', [test.file('new', utf8('new'))]), {
      manifest: { indexes: [] },
    })
    await expect(openPoint(test.repository, point)).rejects.toMatchObject({ code: 'missing-data' })
  })
})

function flipped(part: 'commit' | 'record', at: number) {
  return (test: TestRepository) => {
    const bytes = test.vault.storedPoints[1]?.[part]
    if (bytes !== undefined) bytes[at] = (bytes[at] ?? 0) ^ 1
  }
}

function exchanged(test: TestRepository): void {
  const [a, b] = test.vault.storedPoints
  if (a === undefined || b === undefined) throw new Error('none')
  test.vault.storedPoints.splice(0, 2, { ...a, record: b.record }, { ...b, record: a.record })
}
