/** `find`, `diff`, `history` and `cat`, by the built command. */

import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registeredMachine, run, startCommandVault } from '../support/commands.ts'

/** Two points: one file changed, one went, a link came, a directory got another mode. */
async function twoPoints() {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  const at = (...names: string[]) => join(folder, ...names)
  mkdirSync(at('sub'), { recursive: true })
  writeFileSync(at('a.txt'), 'one\n')
  writeFileSync(at('same.txt'), 'same\n')
  utimesSync(at('same.txt'), 1, 1)
  writeFileSync(at('sub', 'b.txt'), 'x\n')
  await machine.backup('policy', 'include', folder)
  const first = String((await machine.backup('run')).event('summary')?.['pointId'])
  writeFileSync(at('a.txt'), 'two!\n')
  rmSync(at('sub', 'b.txt'))
  chmodSync(at('sub'), 0o700)
  symlinkSync('a.txt', at('link'))
  const second = String((await machine.backup('run')).event('summary')?.['pointId'])
  return { machine, at, first, second }
}

describe('looking into points', () => {
  it('says what changed, which versions there are, and where names are', async () => {
    const { machine, at, first, second } = await twoPoints()

    const { events } = await machine.backup('diff', first.slice(0, 12), 'latest')
    expect(events.map(({ event, kind, path }) => [event, kind, path])).toEqual([
      ['difference', 'content', at('a.txt')],
      ['difference', 'added', at('link')],
      ['difference', 'metadata', at('sub')],
      ['difference', 'removed', at('sub', 'b.txt')],
      ['summary', undefined, undefined],
      ['exit', undefined, undefined],
    ])

    const versions = async (path: string) =>
      (await machine.backup('history', path)).events
        .filter(({ event }) => event === 'version')
        .map(({ type, sizeBytes, points }) => [type, sizeBytes, points])
    expect(await versions(at('a.txt'))).toEqual([
      ['file', 4, 1],
      ['file', 5, 1],
    ])
    expect(await versions(at('same.txt'))).toEqual([['file', 5, 2]])
    expect(await versions(at('sub', 'b.txt'))).toEqual([
      ['file', 2, 1],
      [null, null, 1],
    ])
    expect(await machine.backup('history', at('never'))).toMatchObject({ code: 1 })

    const found = async (...words: string[]) =>
      (await machine.backup('find', ...words)).events
        .filter(({ event }) => event === 'found')
        .map(({ pointId, path }) => [pointId, path])
    expect(await found('b.*', '--all')).toEqual([[first, at('sub', 'b.txt')]])
    expect(await found('sub')).toEqual([[second, at('sub')]])
    expect(await machine.backup('find', 'b.txt')).toMatchObject({ code: 1 })
  })

  it('writes the content of a file as it was', async () => {
    const { machine, at, first } = await twoPoints()
    const env = { BACKUP_STATE_DIR: machine.state }
    const cat = (...words: string[]) => run('backup', ['cat', ...words], { env })
    expect(await cat(first, at('a.txt'))).toMatchObject({ code: 0, stdout: 'one\n' })
    expect(await cat('latest', at('a.txt'))).toMatchObject({ code: 0, stdout: 'two!\n' })
    const directory = await cat('latest', at('sub'))
    expect(directory).toMatchObject({ code: 1, stdout: '' })
    expect(directory.stderr).toContain('no file but a directory')
    const link = await cat('latest', at('link'))
    expect(link.stderr).toContain('It points to a.txt: name that file.')
    // What a shell hands over as bytes arrives so.
    const lost = await cat('latest', at('a\ufffd'))
    expect(lost.stderr).toContain('A byte that is no UTF-8 is written \\xHH')
    const dash = await cat('latest', '-dash')
    expect(dash).toMatchObject({ code: 2 })
    expect(dash.stderr).toContain('Names that begin with - stand behind --')
    const never = await cat('2026-13-45', at('a.txt'))
    expect(never).toMatchObject({ code: 2 })
    expect(never.stderr).toContain('Write the year, the month, then the day')
    expect(await cat('latest', at('a.txt'), '--json')).toMatchObject({ code: 2 })
  })
})
