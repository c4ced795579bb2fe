/** A run on Windows as far as it goes without one: what the system says of a file decides whether the walk reads it. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRefusal } from '../../../../src/agent/source/refusal.ts'
import type { LeftOutItem } from '../../../../src/model/left-out.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { createPointWalker } from '../../../support/walk-points.ts'

const placeholder = { attributes: 0x40_0400, reparseTag: 0x9000_601a }
const alias = { attributes: 0x400, reparseTag: 0x8000_001b }
const plain = { attributes: 0x20, reparseTag: undefined }

function source(fetchCloudFiles: boolean, isHere = () => false) {
  const folder = scratchDirectory()
  mkdirSync(join(folder, 'cloud directory'))
  for (const name of ['cloud directory/inside', 'cloud file', 'alias', 'here'])
    writeFileSync(join(folder, name), name)
  const asked: string[] = []
  const windowsFacts = (path: Uint8Array) => {
    const name = Buffer.from(path)
      .toString()
      .slice(folder.length + 1)
    asked.push(name)
    if (name === 'alias') return alias
    return name.startsWith('cloud') && !isHere() ? placeholder : plain
  }
  const leftOut: LeftOutItem[] = []
  const walker = createPointWalker([], {
    refusal: createRefusal({ fetchCloudFiles }, { windowsFacts }),
    leaveOut: (item) => leftOut.push(item),
  })
  const said = () =>
    leftOut.map(({ path, reason, kept }) => {
      const name = Buffer.from(path)
        .toString()
        .slice(folder.length + 1)
      return `${name}: ${reason}, ${kept}`
    })
  return { folder, walker, asked, said }
}

describe('a walk on Windows', () => {
  it('names what is in the cloud only and what is no file, opens neither, and saves the rest', async () => {
    const { folder, walker, asked, said } = source(false)
    const { counts } = await walker.walk(folder)
    expect(said()).toEqual([
      'alias: unsupported, nothing',
      'cloud directory: unreadable, nothing',
      'cloud file: unreadable, nothing',
    ])
    expect(counts).toMatchObject({ files: 1, directories: 1 })
    expect(asked).not.toContain('cloud directory/inside')
  })

  it('fetches it where that was asked for', async () => {
    const { folder, walker, said } = source(true)
    const { counts } = await walker.walk(folder)
    expect(said()).toEqual(['alias: unsupported, nothing'])
    expect(counts).toMatchObject({ files: 3, directories: 2 })
  })

  it('keeps what was saved while it was here, and says that it is of an earlier point', async () => {
    let isHere = true
    const { folder, walker, said } = source(false, () => isHere)
    const before = await walker.walk(folder)
    expect(before.counts).toMatchObject({ files: 3, directories: 2 })
    isHere = false
    writeFileSync(join(folder, 'cloud file'), 'changed elsewhere')
    const after = await walker.walk(folder, before)
    expect(said().slice(1)).toEqual([
      'alias: unsupported, nothing',
      'cloud directory: unreadable, earlier',
      'cloud file: unreadable, earlier',
    ])
    expect(after.counts).toMatchObject({ files: 3, directories: 2 })
  })
})
