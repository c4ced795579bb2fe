import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { createChunkReader } from '../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../src/repository/tree-reader.ts'
import { createTestRepository } from '../../support/test-repository.ts'

async function openedPoint(directories: number, filesEach: number) {
  const test = createTestRepository()
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, at) => String(at).padStart(5, '0'))
  const empty = test.file('', new Uint8Array(0))
  const files = numbered(filesEach).map((name) => ({ ...empty, name: utf8(name) }))
  const root = test.directory(
    '',
    numbered(directories).map((name) =>
      test.directory(name, [...files, test.file('own', utf8(name))]),
    ),
  )
  const { manifest, index } = await openPoint(test.repository, test.commit(root))
  const chunks = createChunkReader(test.repository, index)
  const loads = { pages: 0 }
  const tree = createTreeReader({
    ...chunks,
    load: (reference, type) => {
      if (type === 2) loads.pages++
      return chunks.load(reference, type)
    },
  })
  return { tree, root: manifest.root, loads }
}

describe('many paths of a point', () => {
  it('are found with each page read once, also in turn between directories', async () => {
    const { tree, root, loads } = await openedPoint(3, 300)
    for (let file = 0; file < 300; file++) {
      for (const directory of ['00000', '00001', '00002']) {
        const name = String(file).padStart(5, '0')
        const found = await tree.find(root, [utf8(directory), utf8(name)])
        expect(found?.name).toEqual(utf8(name))
      }
    }
    expect(await tree.find(root, [utf8('00002'), utf8('none')])).toBeUndefined()
    expect(loads.pages).toBe(4)
  })
})
