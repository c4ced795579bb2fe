import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import {
  createFile,
  exists,
  isOpenToOthers,
  makeDirectoryDurable,
  readBounded,
  readSecretFile,
  replaceFile,
} from '../../../src/base/files.ts'
import { scratchDirectory } from '../../support/scratch.ts'

const isWindows = process.platform === 'win32'
const modeOf = (path: string) => statSync(path).mode & 0o777
const textOf = (path: string) => readFileSync(path, 'utf8')

function writtenFile(content: string | Uint8Array, mode = 0o600): string {
  const path = join(scratchDirectory(), 'file')
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

describe('a new file', () => {
  it('is made where there is none, with nothing beside it, for its owner alone', async () => {
    const folder = scratchDirectory()
    expect(await createFile(join(folder, 'file'), utf8('one'))).toBe(true)
    expect(readdirSync(folder)).toEqual(['file'])
    expect(textOf(join(folder, 'file'))).toBe('one')
    if (!isWindows) expect(modeOf(join(folder, 'file'))).toBe(0o600)
  })

  it('never takes the place of what bears the name, not even of a link that leads nowhere', async () => {
    const folder = scratchDirectory()
    writeFileSync(join(folder, 'file'), 'old')
    symlinkSync('nowhere', join(folder, 'link'))
    mkdirSync(join(folder, 'folder'))
    for (const name of ['file', 'link', 'folder']) {
      expect(await createFile(join(folder, name), utf8('new')), name).toBe(false)
    }
    expect(textOf(join(folder, 'file'))).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder', 'link'])
  })

  it('is made by one of many who try at once, whole', async () => {
    const path = join(scratchDirectory(), 'file')
    const tries = Array.from({ length: 8 }, (_, n) => `${n}`.repeat(100_000))
    const made = await Promise.all(tries.map((text) => createFile(path, utf8(text))))
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(textOf(path)).toBe(tries[made.indexOf(true)])
  })

  it('fails where its folder is missing', async () => {
    const path = join(scratchDirectory(), 'none', 'file')
    await expect(createFile(path, utf8('x'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a replaced file', () => {
  it('has the new bytes and the mode that was asked for, with nothing beside it', async () => {
    const folder = scratchDirectory()
    const path = join(folder, 'file')
    writeFileSync(path, 'a longer old text')
    chmodSync(path, 0o644)
    await replaceFile(path, utf8('new'))
    expect(textOf(path)).toBe('new')
    expect(readdirSync(folder)).toEqual(['file'])
    if (!isWindows) expect(modeOf(path)).toBe(0o600)
  })

  it('is made where there was none', async () => {
    const path = join(scratchDirectory(), 'file')
    await replaceFile(path, utf8('new'), 0o640)
    expect(textOf(path)).toBe('new')
    if (!isWindows) expect(modeOf(path)).toBe(0o640)
  })

  it('takes the place of a link, and leaves alone what the link leads to', async () => {
    const folder = scratchDirectory()
    writeFileSync(join(folder, 'target'), 'untouched')
    symlinkSync('target', join(folder, 'link'))
    await replaceFile(join(folder, 'link'), utf8('new'))
    expect(textOf(join(folder, 'target'))).toBe('untouched')
    expect(textOf(join(folder, 'link'))).toBe('new')
  })

  it('is seen old or new by whoever reads meanwhile, never in between', async () => {
    const path = join(scratchDirectory(), 'file')
    const texts = ['a'.repeat(300_000), 'b'.repeat(200_000)]
    await replaceFile(path, utf8(texts[0] ?? ''))
    const writer = async () => {
      for (let n = 0; n < 20; n++) await replaceFile(path, utf8(texts[n % 2] ?? ''))
    }
    const reader = async () => {
      for (let n = 0; n < 60; n++) {
        const seen = Buffer.from(await readBounded(path, 1_000_000)).toString()
        expect(texts.includes(seen)).toBe(true)
      }
    }
    await Promise.all([writer(), reader()])
  })

  it('stays as it was, with nothing beside it, where a folder bears the name', async () => {
    const folder = scratchDirectory()
    mkdirSync(join(folder, 'name', 'inner'), { recursive: true })
    await expect(replaceFile(join(folder, 'name'), utf8('x'))).rejects.toThrow()
    expect(readdirSync(folder)).toEqual(['name'])
  })
})

describe('a folder', () => {
  it('is made with its parents, for its owner alone, and may be there already', async () => {
    const top = scratchDirectory()
    const path = join(top, 'a', 'b', 'c')
    await makeDirectoryDurable(path)
    await makeDirectoryDurable(path)
    expect(statSync(path).isDirectory()).toBe(true)
    if (!isWindows) expect(modeOf(join(top, 'a'))).toBe(0o700)
  })

  it('is not made where a file bears the name', async () => {
    await expect(makeDirectoryDurable(writtenFile(''))).rejects.toMatchObject({ code: 'EEXIST' })
  })
})

describe('reading with a bound', () => {
  it('gives files up to the bound, the empty one too', async () => {
    expect(await readBounded(writtenFile(''), 0)).toEqual(new Uint8Array(0))
    expect(await readBounded(writtenFile('12345'), 5)).toEqual(utf8('12345'))
  })

  it('follows links: people name their files as they like', async () => {
    const folder = scratchDirectory()
    writeFileSync(join(folder, 'target'), 'text')
    symlinkSync('target', join(folder, 'link'))
    expect(await readBounded(join(folder, 'link'), 10)).toEqual(utf8('text'))
  })

  it('refuses a larger file, and says how large it is', async () => {
    await expect(readBounded(writtenFile('123456'), 5)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining('6 bytes, at most 5') as string,
    })
  })

  it.skipIf(process.platform !== 'linux')(
    'stops at a file that says it is empty and is not',
    async () => {
      await expect(readBounded('/proc/self/status', 16)).rejects.toThrow('more than 16 bytes')
    },
  )

  it('refuses a folder, and what is not there, each in its own words', async () => {
    const folder = scratchDirectory()
    await expect(readBounded(folder, 10)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: `Cannot read ${folder}: it is a directory.`,
    })
    const missing = join(folder, 'none')
    await expect(readBounded(missing, 10)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: `Cannot read ${missing}: there is no such file.`,
    })
  })

  it.skipIf(isWindows)('refuses a FIFO without waiting for a writer', async () => {
    const path = join(scratchDirectory(), 'fifo')
    execFileSync('mkfifo', [path])
    await expect(readBounded(path, 10)).rejects.toThrow('not a regular file')
  })
})

describe.skipIf(isWindows)('a file with a secret', () => {
  it.each([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
    [0o610, true],
  ])('of mode %o: open to others is %s', async (mode, open) => {
    expect(await isOpenToOthers(writtenFile('', mode))).toBe(open)
  })

  it('is read where only its owner can', async () => {
    expect(await readSecretFile(writtenFile('secret'), 10)).toEqual(utf8('secret'))
  })

  it('is refused where others can, with the command that helps', async () => {
    const path = writtenFile('secret', 0o644)
    await expect(readSecretFile(path, 10)).rejects.toMatchObject({
      code: 'file-permissions',
      hint: `Run: chmod 600 ${path}`,
    })
  })
})

describe('whether something bears a name', () => {
  it('asks for the name, not for what a link leads to', async () => {
    const folder = scratchDirectory()
    symlinkSync('nowhere', join(folder, 'link'))
    expect(await exists(join(folder, 'link'))).toBe(true)
    expect(await exists(folder)).toBe(true)
    expect(await exists(join(folder, 'none'))).toBe(false)
  })

  it('is no below a file', async () => {
    expect(await exists(join(writtenFile(''), 'below'))).toBe(false)
  })
})
