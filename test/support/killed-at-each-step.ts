/** Commands that are killed, as kill -9 does, before each change that they make to what they keep; each time from the same state. */

import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { run, type CommandMachine } from './commands.ts'

const hook = `--import=${resolve(import.meta.dirname, 'kill-at-step.mjs')}`

export interface Killed {
  readonly machine: CommandMachine
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What is set back before each time. */
  readonly folders: readonly string[]
  /** Looked at after a kill, where the files that `watched` names are as after none before. */
  readonly look: (step: number) => Promise<void>
  /** Names in the state directory that make the state. */
  readonly watched: RegExp
}

/** How many steps there were. The command has been carried out when it comes back. */
export async function killedAtEachStep(given: Killed): Promise<number> {
  const { machine, words, folders, look, watched } = given
  for (const folder of folders) cpSync(folder, `${folder}.before`, { recursive: true })
  const setBack = () => {
    for (const folder of folders) {
      rmSync(folder, { recursive: true })
      cpSync(`${folder}.before`, folder, { recursive: true })
    }
  }
  const seen = new Set<string>()
  for (let step = 1; ; step++) {
    setBack()
    const killed = { NODE_OPTIONS: hook, KILL_AT: String(step), BACKUP_STATE_DIR: machine.state }
    const env = { ...given.env, ...killed }
    const ended = await run('backup', ['--json', ...words], { env })
    expect(ended.code, ended.stdout + ended.stderr).toBeOneOf([0, null])
    if (ended.code === 0) break
    const state = stateOf(machine.state, watched)
    if (seen.has(state)) continue
    seen.add(state)
    await look(step)
  }
  for (const folder of folders) rmSync(`${folder}.before`, { recursive: true })
  return seen.size
}

const stateOf = (folder: string, watched: RegExp): string =>
  JSON.stringify(
    readdirSync(folder)
      .filter((name) => watched.test(name) && existsSync(join(folder, name)))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'base64')]),
  )
