import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withLogFile } from '../../../../src/cli/render/log-file.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { capture } from './captured.ts'

const time = Date.UTC(2026, 10, 23, 9, 15, 2)
const stamp = '2026-11-23T09:15:02.000Z'

function opened(folder = join(scratchDirectory(), 'log')) {
  const path = join(folder, 'backup.log')
  const stderr = capture()
  const stream = withLogFile(stderr, path, () => time)
  const write = (text: string) =>
    new Promise<void>((resolve) => {
      stream.write(text, () => resolve())
    })
  return { write, stderr, path, folder, logged: () => readFileSync(path, 'utf8') }
}

describe('the log of unattended runs', () => {
  it('has each line with its time, and the stream has it as it was', async () => {
    const { write, stderr, logged } = opened()
    await write('one\ntwo\n')
    expect(logged()).toBe(`${stamp} one\n${stamp} two\n`)
    expect(stderr.text()).toBe('one\ntwo\n')
  })

  it('waits for the end of a line that comes in pieces', async () => {
    const { write, logged } = opened()
    await write('on')
    await write('e\ntw')
    await write('o\n')
    expect(logged()).toBe(`${stamp} one\n${stamp} two\n`)
  })

  it('goes on where the last run ended', async () => {
    const { write, folder, logged } = opened()
    await write('first run\n')
    await opened(folder).write('second run\n')
    expect(logged()).toBe(`${stamp} first run\n${stamp} second run\n`)
  })

  it.skipIf(process.platform === 'win32')('is for its owner alone: it names files', async () => {
    const { write, folder, path } = opened()
    await write('one\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is five files of at most 1 MiB, of which the oldest goes', async () => {
    const { write, folder, logged } = opened()
    for (let file = 1; file <= 7; file++) {
      for (let line = 0; line < 10; line++) await write(`${file} ${'ä'.repeat(50_000)}\n`)
    }
    const names = ['backup.log', 'backup.log.1', 'backup.log.2', 'backup.log.3', 'backup.log.4']
    expect(readdirSync(folder).sort()).toEqual(names)
    for (const name of names) {
      expect(statSync(join(folder, name)).size, name).toBeLessThanOrEqual(1_048_576)
    }
    const oldest = readFileSync(join(folder, 'backup.log.4'), 'utf8')
    expect(logged().slice(stamp.length + 1)).toMatch(/^7 /)
    expect(oldest.slice(stamp.length + 1)).toMatch(/^3 /)
  })

  it('counts bytes, not characters', async () => {
    const { write, folder, path } = opened()
    await write('begun\n')
    writeFileSync(path, 'x'.repeat(1_000_000))
    await write(`${'ä'.repeat(45_000)}\n`)
    expect(readdirSync(folder).sort()).toEqual(['backup.log', 'backup.log.1'])
  })

  it('that can not be written is no reason to fail', async () => {
    const folder = join(scratchDirectory(), 'log')
    writeFileSync(folder, 'a file in the place of the folder')
    const { write, stderr } = opened(folder)
    await write('one\n')
    expect(stderr.text()).toBe('one\n')
  })

  it('that can not be rotated is no reason to fail either', async () => {
    const { write, stderr, path, folder } = opened()
    mkdirSync(join(folder, 'backup.log.1', 'inner'), { recursive: true })
    writeFileSync(path, 'x'.repeat(1_048_576))
    await write('one\n')
    expect(stderr.text()).toBe('one\n')
  })
})
