/** When the journal is no use, it says so and why, and is of use again once a point holds everything. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemRandom, toBase64Url } from '../../../../src/base/bytes.ts'
import { openJournal } from '../../../../src/agent/journal/journal.ts'
import type { Answer, WatchedSource } from '../../../../src/agent/journal/messages.ts'
import {
  watchDirectory,
  type WatchDirectory,
} from '../../../../src/agent/journal/watch-directory.ts'
import { mountsAround } from '../../../../src/agent/journal/watchable.ts'
import { policyDigest } from '../../../../src/agent/journal/watched-source.ts'
import { recordHashOf } from '../../../../src/model/ids.ts'
import { defaultSelection } from '../../../../src/policy/selection.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const point = recordHashOf(new Uint8Array(32))

interface Given {
  readonly queueLength?: number
  readonly mostDirectories?: number
  readonly watch?: WatchDirectory
  readonly patienceMs?: number
  /** In place of the folder. */
  readonly include?: string
}

async function watching({
  queueLength = 16_384,
  mostDirectories = 100,
  watch,
  patienceMs = 60_000,
  include,
}: Given = {}) {
  const scratch = scratchDirectory()
  const folder = join(scratch, 'source')
  mkdirSync(join(folder, 'some', 'deep'), { recursive: true })
  const journal = await openJournal({
    ...{ queueLength, patienceMs, random: systemRandom, watch: watch ?? watchDirectory },
    marker: join(scratch, 'watch', 'marker'),
  })
  onTestFinished(() => journal.close())
  const source: WatchedSource = {
    ...{ source: 'files', include: [toBase64Url(Buffer.from(include ?? folder))], exclude: [] },
    ...{ selection: defaultSelection, mostDirectories },
  }
  await journal.update([source])
  const ask = async (policy = policyDigest(source)): Promise<Answer> => {
    const answer = await journal.answer({ ask: 'changes', source: 'files', policy })
    if (answer === null) throw new Error('no answer')
    return answer
  }
  /** A run that looks at what it is told to, and makes a point. */
  const run = async () => {
    const answer = await ask()
    const base = { point, fullMs: 0, hasLinks: false }
    const token = answer.token ?? ''
    await journal.answer({ ask: 'covered', source: 'files', token, base })
    return answer
  }
  return { ...{ journal, folder, source, ask, run } }
}

const pathsIn = (answer: Answer): string[] =>
  answer.kind === 'scan'
    ? [answer.reason]
    : answer.dirty.map(({ path }) => Buffer.from(path, 'base64url').toString()).sort()

describe.runIf(process.platform === 'linux')('the journal of a source', () => {
  it('names what changed since the point, and keeps what changed while the run went on', async () => {
    const { folder, ask, run, journal } = await watching()
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'starting' })
    expect(await ask()).toMatchObject({ kind: 'changes', dirty: [], base: { point } })
    writeFileSync(join(folder, 'some', 'file'), '1')
    const asked = await ask()
    expect(pathsIn(asked)).toEqual([join(folder, 'some')])
    mkdirSync(join(folder, 'new'))
    const token = asked.token ?? ''
    const base = { point, fullMs: 5, hasLinks: false }
    await ask()
    await journal.answer({ ask: 'covered', source: 'files', token, base })
    expect(pathsIn(await ask())).toEqual([folder, join(folder, 'new')])
    expect(await ask()).toMatchObject({ base: { fullMs: 5 } })
    expect(await ask('another policy')).toMatchObject({ kind: 'scan', reason: 'policy-changed' })
    expect(journal.status()).toMatchObject([{ directories: 4, scan: null }])
  })

  it('is of no use where more came at once than half of the queue, until the next point', async () => {
    const { folder, ask, run } = await watching({ queueLength: 200 })
    await run()
    for (let file = 0; file < 40; file++) writeFileSync(join(folder, `few ${file}`), '')
    expect(await run()).toMatchObject({ kind: 'changes' })
    // The loop stands still meanwhile: all of it comes in one turn.
    for (let file = 0; file < 200; file++) writeFileSync(join(folder, `many ${file}`), '')
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'overflow' })
    writeFileSync(join(folder, 'some', 'deep', 'file'), '1')
    expect(pathsIn(await ask())).toEqual([join(folder, 'some', 'deep')])
  })

  it('says that the system watches no more, and tries again after the next point', async () => {
    let isFull = true
    const { run, journal } = await watching({
      watch: (path, hear) =>
        isFull && path.endsWith('deep')
          ? Promise.reject(Object.assign(new Error('no watch left'), { code: 'ENOSPC' }))
          : watchDirectory(path, hear),
    })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'watch-limit' })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'watch-limit' })
    expect(journal.status()).toMatchObject([{ scan: 'watch-limit' }])
    isFull = false
    await run()
    await run()
    expect(await run()).toMatchObject({ kind: 'changes' })
  })

  it('looks at a directory that it may not watch in each run, and watches the others', async () => {
    const { run, folder } = await watching({
      watch: (path, hear) =>
        path.endsWith('deep')
          ? Promise.reject(Object.assign(new Error('closed'), { code: 'EACCES' }))
          : watchDirectory(path, hear),
    })
    await run()
    expect(pathsIn(await run())).toEqual([join(folder, 'some', 'deep')])
    expect(pathsIn(await run())).toEqual([join(folder, 'some', 'deep')])
  })

  it('says that a path leads to another directory than before', async () => {
    const { run, folder } = await watching()
    await run()
    expect(await run()).toMatchObject({ kind: 'changes' })
    renameSync(folder, `${folder} before`)
    mkdirSync(folder)
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'moved' })
  })

  it('is not believed where its queue was not heard to the end', async () => {
    const { run } = await watching({
      patienceMs: 50,
      watch: (path, hear) => watchDirectory(path, path.endsWith('watch') ? () => undefined : hear),
    })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'busy' })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'busy' })
  })

  it('watches nothing on a file system that does not tell', async () => {
    const { run } = await watching({ include: '/proc/sys/fs/inotify' })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'file-system' })
  })

  it('takes no word of a run that asked another watcher, one before a restart or a reboot', async () => {
    const { ask, run, journal } = await watching()
    const base = { point, fullMs: 0, hasLinks: false }
    const token = `${'0'.repeat(32)}:1`
    await ask()
    await journal.answer({ ask: 'covered', source: 'files', token, base })
    expect(await ask()).toMatchObject({ kind: 'scan', reason: 'starting' })
    await run()
    expect(await ask()).toMatchObject({ kind: 'changes' })
  })

  it('leaves a source with more directories than it may watch', async () => {
    const { run } = await watching({ mostDirectories: 2 })
    expect(await run()).toMatchObject({ kind: 'scan', reason: 'too-many-directories' })
  })
})

it('only mounts at, above and below the paths count', () => {
  const list = join(scratchDirectory(), 'mountinfo')
  const points = ['/', '/home', '/home/me/a\\040disk', '/homes', '/mnt']
  writeFileSync(list, points.map((at, id) => `${id} 1 0:1 / ${at} rw - ext4 d rw\n`).join(''))
  const shown = mountsAround([Buffer.from('/home/me')], list).split('\n')
  expect(shown.map((line) => line.split(' ')[4])).toEqual(points.slice(0, 3))
})
