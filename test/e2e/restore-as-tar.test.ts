import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { openPromise } from 'yauzl'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemCalls } from '../../src/agent/system/open.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { backUp, mebibyte, writeRandom } from '../faults/folder.ts'
import { registeredMachine, startCommandVault, type CommandMachine } from '../support/commands.ts'

const program = resolve(import.meta.dirname, '../../bin/backup.js')

async function machineWith(fill: (folder: string) => void) {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  fill(folder)
  await machine.backup('policy', 'include', folder)
  await backUp(machine)
  const out = join(vault.scratch, 'out')
  mkdirSync(out)
  return { machine, folder, out, file: join(out, 'point.tar') }
}

const archived = (machine: CommandMachine, ...words: string[]) =>
  machine.backup('restore', '--point', 'latest', '--as-tar', ...words)

const small = (folder: string) => {
  writeFileSync(join(folder, 'one'), 'first')
}

/** To standard output, as people use it. */
function piped({ state }: CommandMachine, ...words: string[]) {
  const child = spawn(
    process.execPath,
    [program, 'restore', '--point', 'latest', '--as-tar', '-', ...words],
    { env: { ...process.env, BACKUP_STATE_DIR: state }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe('backup restore --as-tar', () => {
  it('writes a file that only its owner can read, and leaves nothing else', async () => {
    const { machine, folder, out, file } = await machineWith(small)
    const ended = await archived(machine, file, folder, '--strip')
    expect(ended, ended.stdout).toMatchObject({ code: 0 })
    expect(ended.event('summary')).toMatchObject({ outcome: 'done', files: 1, leftOut: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(out)).toEqual(['point.tar'])
    execFileSync('tar', ['-xf', file, '-C', out])
    expect(readFileSync(join(out, 'one'), 'utf8')).toBe('first')
  })

  it('writes to standard output, and its words to standard error', async () => {
    const { machine, folder } = await machineWith(small)
    const child = piped(machine, folder, '--strip')
    const [parts, words]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.stderr.on('data', (part: Buffer) => words.push(part))
    expect(await once(child, 'close')).toEqual([0, null])
    const listed = execFileSync('tar', ['-t'], { input: Buffer.concat(parts), encoding: 'utf8' })
    expect(listed).toBe('./\none\n')
    expect(Buffer.concat(words).toString()).toContain('Archived 1 files, 1 directories, 0 others')
  })

  it('fails when whoever reads from the pipe is gone', async () => {
    const { machine } = await machineWith((folder) => {
      writeRandom(join(folder, 'large'), 8 * mebibyte)
    })
    const child = piped(machine)
    child.stdout.destroy()
    const words: Buffer[] = []
    child.stderr.on('data', (part: Buffer) => words.push(part))
    expect(await once(child, 'close')).toEqual([1, null])
    expect(Buffer.concat(words).toString()).toContain('the archive is not complete')
  })

  it('stops at a signal although nobody reads', async () => {
    const { machine } = await machineWith((folder) => {
      writeRandom(join(folder, 'large'), 8 * mebibyte)
    })
    const child = piped(machine)
    await once(child.stdout, 'readable')
    child.kill('SIGTERM')
    let words = ''
    for await (const part of child.stderr) {
      words += String(part)
      if (words.includes('Terminated.')) break
    }
    // What the system has taken already waits for the reader, or for its end.
    const ended = once(child, 'exit')
    child.stdout.destroy()
    expect(await ended).toEqual([143, null])
  })

  it('names what an archive can not hold, with exit status 3', async () => {
    const { machine, folder, file } = await machineWith((at) => {
      small(at)
      systemCalls().makeNode(utf8(join(at, 'socket')), 0o600, { kind: 'socket' })
    })
    const ended = await archived(machine, file)
    expect(ended).toMatchObject({ code: 3 })
    expect(ended.event('failure')).toMatchObject({
      path: join(folder, 'socket'),
      part: 'content',
      message: 'A tar archive can not hold a socket.',
    })
    expect(execFileSync('tar', ['-tf', file], { encoding: 'utf8' })).toContain('data/one\n')
  })

  it('takes the place of no other file', async () => {
    const { machine, file, out } = await machineWith(small)
    writeFileSync(file, 'mine')
    const ended = await archived(machine, file)
    expect(ended).toMatchObject({ code: 1 })
    expect(ended.event('exit')).toMatchObject({ error: 'already-exists' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(readdirSync(out)).toEqual(['point.tar'])
  })

  it('can be a zip archive too, told by its own words', async () => {
    const { machine, folder, out } = await machineWith(small)
    const file = join(out, 'point.zip')
    const words = ['restore', '--point', 'latest', folder, '--strip', '--as-zip']
    const ended = await machine.backup(...words, file)
    expect(ended, ended.stdout).toMatchObject({ code: 0 })
    expect(ended.event('not-kept')).toMatchObject({ path: join(folder, 'one') })
    const zip = await openPromise(file)
    for await (const entry of zip.eachEntry()) {
      expect(entry.fileName).toBe('one')
      expect(await text(await zip.openReadStreamPromise(entry))).toBe('first')
    }
    expect(zip.entriesRead).toBe(1)
    expect(await machine.backup(...words, '-')).toMatchObject({ code: 2 })
    expect(await machine.backup(...words, file, '--as-tar', file)).toMatchObject({ code: 2 })
    expect(readdirSync(out)).toEqual(['point.zip'])
  })

  it('says what it can not be combined with', async () => {
    const { machine, file, out } = await machineWith(small)
    const refused: readonly (readonly string[])[] = [
      [file, '--to', out],
      [file, '--in-place'],
      [file, '--on-conflict', 'skip'],
      [file, '--dry-run'],
      [file, '--no-owner'],
      ['-'],
    ]
    for (const words of refused) {
      expect(await archived(machine, ...words), words.join(' ')).toMatchObject({ code: 2 })
    }
    expect(readdirSync(out)).toEqual([])
  })
})
