/** The golden vault: what version 1 of the format has written, this version reads. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { verifyPoints } from '../../src/agent/verify/verify.ts'
import { readManifest, type PointFacts } from '../../src/repository/point-reader.ts'
import { run } from '../support/commands.ts'
import { openGolden, restoreAll, type GoldenRepository } from '../support/golden-repository.ts'
import { copyGoldenVault, goldenExpectation, type GoldenPoint } from '../support/golden-vault.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { listTree, type ListedEntry } from '../support/tree-listing.ts'

const golden = goldenExpectation()
const isLinux = process.platform === 'linux'

/** `entries`, as far as this file system can hold them. */
function holdable(entries: readonly ListedEntry[], folder: string): ListedEntry[] {
  const probe = join(folder, 'probe')
  writeFileSync(probe, '')
  try {
    systemCalls().setXattr(utf8(probe), utf8('user.probe'), utf8('x'))
    return [...entries]
  } catch {
    return entries.map(withoutAttributes)
  }
}

function withoutAttributes(entry: ListedEntry): ListedEntry {
  const { attributes, ...rest } = entry
  return attributes === undefined ? entry : rest
}

describe('the golden vault', () => {
  let opened: GoldenRepository
  beforeAll(async () => {
    opened = await openGolden()
  })

  const factsOf = ({ seq }: GoldenPoint): PointFacts => {
    const facts = opened.points.find((point) => point.seq === seq)
    if (facts === undefined) throw new Error(`no point ${seq}`)
    return facts
  }

  it('has the points that it had', () => {
    expect(opened.points.map(({ id, seq, source }) => ({ id, seq, source }))).toEqual(
      golden.points.map(({ id, seq }) => ({ id, seq, source: golden.source })),
    )
  })

  it.runIf(isLinux).each(golden.points)('restores point $seq as it was', async (point) => {
    const scratch = scratchDirectory()
    const result = await restoreAll(opened.repository, factsOf(point), join(scratch, 'out'))
    expect(result).toMatchObject({ failureCount: 0, hardLinks: 1 })
    const folder = join(scratch, 'out', Buffer.from(golden.below, 'hex').toString())
    expect(listTree(folder)).toEqual(holdable(point.entries, scratch))
  })

  it.each(golden.points)('tells what was left out of point $seq', async (point) => {
    const { leftOut } = await readManifest(opened.repository, factsOf(point))
    expect(leftOut.map(({ path, reason }) => [toHex(path), reason])).toEqual(point.leftOut)
  })

  it('is found whole', async () => {
    const result = await verifyPoints(opened.repository, opened.points, { readData: true })
    expect(result).toMatchObject({ points: 2, packs: 4, damages: [] })
  })

  it('gives its catalog anew, without second copies', async () => {
    const directory = copyGoldenVault(scratchDirectory())
    const vault = (...words: string[]) =>
      run('backup-vault', ['--dir', directory, '--json', ...words])
    expect(await vault('rebuild-catalog')).toMatchObject({ code: 0 })
    expect((await vault('status')).event('status')).toMatchObject({
      vaults: 1,
      activeMachines: 1,
      points: 2,
    })
  })
})
