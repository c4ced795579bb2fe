/** Programs of the system that think they have this machine to themselves: their mounts and processes are apart, the network is not. Needs root. */

import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { patient } from './daemon.ts'
import type { CommandMachine } from './commands.ts'
import { runTool, type ToolEnd } from './tool.ts'

const kinds = ['--fork', '--pid', '--mount', '--uts', '--ipc', '--cgroup', '--mount-proc']

/** Whether this machine lets it. */
export const canBeApart = spawnSync('unshare', [...kinds, 'true']).status === 0

export interface Apart {
  /** Runs a program there, to its end. */
  run(program: string, ...words: string[]): Promise<ToolEnd>
  /** `backup … --json` there. */
  backup(machine: CommandMachine, ...words: string[]): Promise<ToolEnd>
  /** Ends all that runs there. */
  end(): Promise<void>
}

/** `script`: for sh; its last line becomes the first process. Mounts that it makes end with it. */
export async function startApart(script: readonly string[]): Promise<Apart> {
  const text = ['set -e', 'mount --make-rprivate /', ...script].join('\n')
  const child = spawn('unshare', [...kinds, '--kill-child', 'sh', '-c', text], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(end)
  const first = await vi.waitFor(() => {
    const path = `/proc/${child.pid}/task/${child.pid}/children`
    const [pid] = readFileSync(path, 'utf8').split(' ')
    if (!pid) throw new Error('not begun')
    return pid
  }, patient)
  const run = (program: string, ...words: string[]) =>
    runTool('nsenter', ['--target', first, '--all', program, ...words])
  const backup = resolve(import.meta.dirname, '../../bin/backup.js')
  return {
    ...{ run, end },
    backup: ({ state }, ...words) =>
      run('env', `BACKUP_STATE_DIR=${state}`, process.execPath, backup, '--json', ...words),
  }
}
