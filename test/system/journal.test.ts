/** Runs by the journal as the kernel sees them, and after more changes than its queue holds. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CommandMachine } from '../support/commands.ts'
import { machineWithSource, startDaemon } from '../support/daemon.ts'
import { expectSameAsFull, settled, summaryOf } from '../support/watched-runs.ts'
import { parseTrace, pathsOf } from './trace.ts'

/** So many directories with so many files each; the path of one. */
function fill(
  folder: string,
  directories: number,
  files: number,
): (at: number, file: number) => string {
  const path = (at: number, file: number) => join(folder, `d${at}`, `f${file}`)
  for (let at = 0; at < directories; at++) {
    mkdirSync(join(folder, `d${at}`))
    for (let file = 0; file < files; file++) writeFileSync(path(at, file), `${at} ${file}`)
  }
  return path
}

const looks = ['lstat', 'stat', 'newfstatat', 'statx']

/** How often a run looks at something below the folder. */
async function looksOf(machine: CommandMachine, folder: string): Promise<number> {
  const trace = join(folder, '..', 'trace')
  const words = [resolve(import.meta.dirname, '../../bin/backup.js'), 'run', '--json']
  const child = spawn(
    'strace',
    [
      '-f',
      '-y',
      '-s',
      '4096',
      '-e',
      `trace=${looks.join()}`,
      '-o',
      trace,
      process.execPath,
      ...words,
    ],
    {
      stdio: 'ignore',
      env: { ...process.env, BACKUP_STATE_DIR: machine.state, UV_USE_IO_URING: '0' },
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  expect((await once(child, 'exit'))[0]).toBe(0)
  const calls = parseTrace(readFileSync(trace, 'utf8'))
  return calls.filter((call) => pathsOf(call).some((path) => path.startsWith(folder))).length
}

describe.runIf(process.platform === 'linux')('a run by the journal', () => {
  it('looks at the entries of changed directories, and at nothing else', async () => {
    const { machine, folder } = await machineWithSource()
    const [directories, files] = [60, 50]
    const path = fill(folder, directories, files)
    const daemon = startDaemon(machine)
    await daemon.seen('run-ended')
    await sleep(2100)
    await settled(machine)
    writeFileSync(path(7, 7), 'other content')
    // The directory, and the one that leads to it.
    const entries = files + directories + 1
    const byJournal = await looksOf(machine, folder)
    expect(byJournal).toBeGreaterThan(0)
    expect(byJournal).toBeLessThanOrEqual(10 * entries)
    await machine.backup('policy', 'watch', 'off')
    expect(await looksOf(machine, folder)).toBeGreaterThan(directories * files)
  })

  it('gives what a full scan gives, after more changes than the queue holds and amid a storm', async () => {
    const { machine, folder } = await machineWithSource()
    const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
    // Each rename tells of two names.
    const [directories, files] = [100, Math.ceil(queue / 2 / 100) + 20]
    const path = fill(folder, directories, files)
    const daemon = startDaemon(machine)
    await daemon.seen('run-ended')
    await settled(machine)
    const { pid } = daemon.child
    if (pid === undefined) throw new Error('no daemon')

    process.kill(pid, 'SIGSTOP')
    for (let at = 0; at < directories; at++) {
      for (let file = 0; file < files; file++) {
        renameSync(path(at, file), path((at + 1) % directories, file + files))
      }
    }
    process.kill(pid, 'SIGCONT')
    const flooded = await summaryOf(machine)
    expect(flooded).toMatchObject({ scan: 'full' })
    expect(['overflow', 'busy', 'silent']).toContain(flooded?.['scanReason'])
    await expectSameAsFull(machine, flooded?.['pointId'])

    await settled(machine)
    const storm = (async () => {
      for (let at = 0; at < directories; at += 3) {
        renameSync(join(folder, `d${at}`), join(folder, `moved${at}`))
        rmSync(join(folder, `moved${at}`, `f${files}`), { force: true })
        mkdirSync(join(folder, `d${at}`))
        writeFileSync(path(at, at), 'new')
        await sleep(20)
      }
    })()
    await summaryOf(machine)
    await storm
    const after = await summaryOf(machine)
    await expectSameAsFull(machine, after?.['pointId'])
  })
})
