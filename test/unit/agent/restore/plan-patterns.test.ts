import { describe, expect, it } from 'vitest'
import { bufferOf, utf8 } from '../../../../src/base/bytes.ts'
import { planRestore, type RestorePlan } from '../../../../src/agent/restore/plan.ts'
import { planWithPatterns } from '../../../../src/agent/restore/plan-patterns.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint, type PointFacts } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { splitPath } from '../../../../src/model/path.ts'
import {
  createTestRepository,
  namesOf,
  type TestRepository,
} from '../../../support/test-repository.ts'

async function readable({ repository }: TestRepository, facts: PointFacts) {
  const { manifest, index } = await openPoint(repository, facts)
  const tree = createTreeReader(createChunkReader(repository, index))
  return { root: manifest.root, include: manifest.selection.include.map(splitPath), tree }
}

/** `/a`, and `/a (way)` for what only leads there. */
async function listed(plan: RestorePlan): Promise<string[]> {
  const lines: string[] = []
  for await (const item of plan.items()) {
    if (item.kind === 'end' || item.path.length === 0) continue
    const path = item.path.map((name) => `/${bufferOf(name).toString('latin1')}`).join('')
    const isWay = item.kind === 'directory' && item.way
    lines.push(isWay ? `${path} (way)` : item.kind === 'unreadable' ? `${path} unreadable` : path)
  }
  return lines
}

function pointOf(test: TestRepository): PointFacts {
  const file = (name: string) => test.file(name, utf8(name))
  const docs = test.directory('docs', [
    file('a.txt'),
    file('b.md'),
    test.directory('deep', [file('c.txt'), test.directory('notes.txt', [file('inside')])]),
  ])
  const odd = { ...test.file('', utf8('odd')), name: Uint8Array.of(0xff, 0x2e, 0x74, 0x78, 0x74) }
  const home = test.directory('home', [docs, file('a*.txt'), file('line\nbreak.txt'), odd])
  return test.commit(test.directory('', [home, test.directory('other', [file('x.log')])]))
}

describe('a restore by patterns', () => {
  it('takes what fits, directories whole, and what leads there', async () => {
    const test = createTestRepository()
    const point = await readable(test, pointOf(test))
    const plan = async (...patterns: string[]) =>
      listed(await planWithPatterns(point, { paths: [], patterns, strip: false }))
    expect(await plan('home/docs/**/*.txt')).toEqual([
      '/home (way)',
      '/home/docs (way)',
      '/home/docs/a.txt',
      '/home/docs/deep (way)',
      '/home/docs/deep/c.txt',
      '/home/docs/deep/notes.txt',
      '/home/docs/deep/notes.txt/inside',
    ])
    // Without a slash at any depth, also names that are no text.
    expect(await plan('*.txt')).toEqual([
      '/home (way)',
      '/home/a*.txt',
      '/home/docs (way)',
      '/home/docs/a.txt',
      '/home/docs/deep (way)',
      '/home/docs/deep/c.txt',
      '/home/docs/deep/notes.txt',
      '/home/docs/deep/notes.txt/inside',
      '/home/line\nbreak.txt',
      '/home/\xff.txt',
    ])
    // As lists show them.
    expect(await plan('\\xFF.*', 'line\\x0a*')).toEqual([
      '/home (way)',
      '/home/line\nbreak.txt',
      '/home/\xff.txt',
    ])
    expect(await plan('*.m?', '/oth[a-f]r')).toEqual([
      '/home (way)',
      '/home/docs (way)',
      '/home/docs/b.md',
      '/other',
      '/other/x.log',
    ])
  })

  it('goes with paths, and counts what lies below something else that fits', async () => {
    const test = createTestRepository()
    const point = await readable(test, pointOf(test))
    const plan = await planWithPatterns(point, {
      paths: [namesOf('other')],
      patterns: ['de*', 'insi?e'],
      strip: false,
    })
    expect(await listed(plan)).toEqual([
      '/home (way)',
      '/home/docs (way)',
      '/home/docs/deep',
      '/home/docs/deep/c.txt',
      '/home/docs/deep/notes.txt',
      '/home/docs/deep/notes.txt/inside',
      '/other',
      '/other/x.log',
    ])
  })

  it('is refused where one of them fits nothing', async () => {
    const test = createTestRepository()
    const point = await readable(test, pointOf(test))
    const plan = planWithPatterns(point, { paths: [], patterns: ['*.txt', '*.pdf'], strip: false })
    await expect(plan).rejects.toMatchObject({ code: 'not-found', message: /fits \*\.pdf/ })
  })

  it('names a directory that can not be looked into, and goes on', async () => {
    const test = createTestRepository({ segmentBytes: 1 })
    const facts = pointOf(test)
    const whole = await readable(test, facts)
    const other = await whole.tree.find(whole.root, namesOf('other'))
    if (other?.type !== 'directory') throw new Error('no directory')
    const { pack, middle } = test.placeOf(other.tree.id)
    const stored = test.vault.stored.get(pack)
    if (stored === undefined) throw new Error('no pack')
    stored.bytes[middle] = (stored.bytes[middle] ?? 0) ^ 1
    const point = await readable(test, facts)
    const plan = await planWithPatterns(point, { paths: [], patterns: ['*.md'], strip: false })
    expect(await listed(plan)).toEqual([
      '/other unreadable',
      '/home (way)',
      '/home/docs (way)',
      '/home/docs/b.md',
    ])
  })
})

describe('a plan of many paths', () => {
  it('holds exactly those, whatever their order and number', async () => {
    const test = createTestRepository()
    const names = Array.from({ length: 700 }, (_, number) => `n${number}`)
    const files = names.map((name) => test.file(name, utf8(name)))
    const facts = test.commit(test.directory('', [test.directory('many', files)]))
    const wanted = names.filter((name) => Number(name.slice(1)) % 3 === 0)
    const paths = [...wanted].reverse().map((name) => namesOf(`many/${name}`))
    const plan = await planRestore(await readable(test, facts), { paths, strip: false })
    expect(await listed(plan)).toEqual(['/many (way)', ...wanted.map((n) => `/many/${n}`).sort()])
  })
})
