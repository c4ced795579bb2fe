/** The order of the calls that durability rests on, and what is left when one of them fails. The calls are real, and watched. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { createFile, makeDirectoryDurable, replaceFile } from '../../../src/base/files.ts'
import { scratchDirectory } from '../../support/scratch.ts'

const watched = vi.hoisted(() => ({ calls: [] as string[], failing: '' }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const call = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    watched.calls.push(name)
    if (watched.failing === name) throw Object.assign(new Error(name), { code: 'EIO' })
    return work()
  }
  const shown = (path: unknown) => basename(String(path)).replace(/^\.tmp-\w+$/, 'temporary')
  const open = async (...words: Parameters<typeof real.open>) => {
    const handle = await real.open(...words)
    const name = shown(words[0])
    const sync = handle.sync.bind(handle)
    const writeFile = handle.writeFile.bind(handle)
    handle.sync = () => call(`sync ${name}`, sync)
    handle.writeFile = (...data) => call(`write ${name}`, () => writeFile(...data))
    return handle
  }
  return {
    ...real,
    open,
    link: (from: string, to: string) =>
      call(`link ${shown(from)} to ${shown(to)}`, () => real.link(from, to)),
    rename: (from: string, to: string) =>
      call(`rename ${shown(from)} to ${shown(to)}`, () => real.rename(from, to)),
    rm: (path: string, options: object) =>
      call(`remove ${shown(path)}`, () => real.rm(path, options)),
  }
})

beforeEach(() => {
  watched.calls = []
  watched.failing = ''
})

/** A folder named `folder` with a file `old` in it. */
async function folderWithFile(): Promise<string> {
  const folder = join(scratchDirectory(), 'folder')
  await makeDirectoryDurable(folder)
  writeFileSync(join(folder, 'old'), 'old')
  watched.calls = []
  return folder
}

const written = ['write temporary', 'sync temporary']

describe.skipIf(process.platform === 'win32')('durable', () => {
  it('a new file is synced before it has its name, and its folder after', async () => {
    const folder = await folderWithFile()
    await createFile(join(folder, 'new'), utf8('x'))
    expect(watched.calls).toEqual([
      ...written,
      'link temporary to new',
      'remove temporary',
      'sync folder',
    ])
  })

  it('a name that was taken is synced all the same: whoever made it may not have come to it', async () => {
    const folder = await folderWithFile()
    expect(await createFile(join(folder, 'old'), utf8('x'))).toBe(false)
    expect(watched.calls.at(-1)).toBe('sync folder')
  })

  it('a replaced file is synced before it takes the place of the old one, and its folder after', async () => {
    const folder = await folderWithFile()
    await replaceFile(join(folder, 'old'), utf8('x'))
    expect(watched.calls).toEqual([...written, 'rename temporary to old', 'sync folder'])
  })

  it('each new folder is synced into the one above it, and nothing where all were there', async () => {
    const folder = await folderWithFile()
    await makeDirectoryDurable(join(folder, 'a', 'b'))
    expect(watched.calls.sort()).toEqual(['sync a', 'sync folder'])
    watched.calls = []
    await makeDirectoryDurable(join(folder, 'a', 'b'))
    expect(watched.calls).toEqual([])
  })

  it.each([...written, 'link temporary to new', 'sync folder'])(
    'a new file is not told to be there when "%s" fails, and no temporary one stays',
    async (failing) => {
      const folder = await folderWithFile()
      watched.failing = failing
      await expect(createFile(join(folder, 'new'), utf8('x'))).rejects.toThrow(failing)
      const expected = failing === 'sync folder' ? ['new', 'old'] : ['old']
      expect(readdirSync(folder).sort()).toEqual(expected)
    },
  )

  it.each([...written, 'rename temporary to old'])(
    'the old file stays, alone, when "%s" fails',
    async (failing) => {
      const folder = await folderWithFile()
      watched.failing = failing
      await expect(replaceFile(join(folder, 'old'), utf8('x'))).rejects.toThrow(failing)
      expect(readdirSync(folder)).toEqual(['old'])
      expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('old')
    },
  )

  it('a replaced file is not told to be durable when its folder could not be synced', async () => {
    const folder = await folderWithFile()
    watched.failing = 'sync folder'
    await expect(replaceFile(join(folder, 'old'), utf8('x'))).rejects.toThrow('sync folder')
  })
})
