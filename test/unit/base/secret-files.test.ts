import {
  existsSync,
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  destroySecretFile,
  finishReplacing,
  replaceSecretFile,
} from '../../../src/base/secret-files.ts'
import { scratchDirectory } from '../../support/scratch.ts'

const secret = Buffer.from('the old secret')

/** `watched` is another name of the old file: what becomes of its bytes shows there. */
function place() {
  const directory = scratchDirectory()
  const path = join(directory, 'key')
  const watched = join(scratchDirectory(), 'watched')
  writeFileSync(path, secret, { mode: 0o600 })
  linkSync(path, watched)
  const oldBytes = () => readFileSync(watched)
  return { directory, path, former: `${path}.former`, oldBytes }
}

describe('a file with a secret', () => {
  it('is replaced, and its old bytes are overwritten where they lay', async () => {
    const { directory, path, oldBytes } = place()
    await replaceSecretFile(path, Buffer.from('new'))
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(oldBytes()).toEqual(Buffer.alloc(secret.length))
    expect(readdirSync(directory)).toEqual(['key'])
  })

  it('is overwritten before it is removed', async () => {
    const { directory, path, oldBytes } = place()
    await destroySecretFile(path)
    expect(oldBytes()).toEqual(Buffer.alloc(secret.length))
    expect(readdirSync(directory)).toEqual([])
    await destroySecretFile(path)
  })

  it('is not left lying in what was being written when the process was killed', async () => {
    const { directory, path } = place()
    writeFileSync(`${path}.next`, 'half a sec', { mode: 0o600 })
    const watched = join(scratchDirectory(), 'next')
    linkSync(`${path}.next`, watched)
    await replaceSecretFile(path, Buffer.from('new'))
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readFileSync(watched)).toEqual(Buffer.alloc(10))
    expect(readdirSync(directory)).toEqual(['key'])
  })

  it('whose replacement was cut short before the new name stays as it is', async () => {
    const { path, former, oldBytes } = place()
    linkSync(path, former)
    await finishReplacing(path)
    expect(readFileSync(path)).toEqual(secret)
    expect(oldBytes()).toEqual(secret)
    expect(existsSync(former)).toBe(false)
  })

  it('whose replacement was cut short after it is overwritten by whoever comes next', async () => {
    const { directory, path, former, oldBytes } = place()
    linkSync(path, former)
    writeFileSync(join(directory, 'next'), 'new', { mode: 0o600 })
    renameSync(join(directory, 'next'), path)
    await finishReplacing(path)
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(oldBytes()).toEqual(Buffer.alloc(secret.length))
    expect(existsSync(former)).toBe(false)
  })
})
