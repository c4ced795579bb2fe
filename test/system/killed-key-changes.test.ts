/** What changes a machine's key at rest, killed at every step: the old state or the new one, never neither. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault } from '../support/agent-vault.ts'
import {
  exitOf,
  registeredMachine,
  run as runCommand,
  type CommandMachine,
} from '../support/commands.ts'
import { killedAtEachStep } from '../support/killed-at-each-step.ts'

/** A machine with one point, and what it takes to look at it. */
async function backedUp() {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'content')
  await machine.backup('policy', 'include', folder)
  expect(await machine.backup('run')).toMatchObject({ code: 0 })
  return { machine, passphrase: ['--passphrase-file', machine.passphraseFile], folder }
}

const heldBytes = ({ state }: CommandMachine): number => {
  const registration = readFileSync(join(state, 'registration.json'), 'utf8')
  const { keyStore } = JSON.parse(registration) as { keyStore: { kind: string } }
  if (keyStore.kind === 'none') return 0
  return readFileSync(join(state, 'master.key'), 'ascii').trim().length / 2
}

/** What the key store may hold after a kill, and what has to go well then. */
interface Change {
  readonly command: readonly string[]
  readonly held: readonly number[]
  readonly checks: readonly ('run' | 'ls' | 'again')[]
}

const changes: readonly Change[] = [
  { command: ['key-store', 'harden'], held: [32, 236], checks: ['ls', 'run', 'again'] },
  { command: ['epoch', 'advance'], held: [236], checks: ['run'] },
  { command: ['key-store', 'soften'], held: [32, 236], checks: ['ls', 'run'] },
  { command: ['key-store', 'move', 'none'], held: [0, 32], checks: ['run'] },
]

describe('a command that is killed at every step', { timeout: 400_000 }, () => {
  it('leaves a machine that backs up, opens with its passphrase, and can end what was begun', async () => {
    const { machine, passphrase, folder } = await backedUp()
    const env = { BACKUP_PASSPHRASE_FILE: machine.passphraseFile }
    for (const { command, held, checks: wanted } of changes) {
      const name = command.join(' ')
      const words = command[0] === 'key-store' && command[1] !== 'move' ? passphrase : []
      const commands = {
        run: ['run'],
        ls: ['ls', 'latest', folder, ...passphrase],
        again: [...command, ...words],
      }
      const checks = wanted.map((check) => commands[check])
      const seen = new Set<number>()
      const steps = await killedAtEachStep({
        machine,
        env,
        words: [...command, ...words],
        folders: [machine.state],
        watched: /^(master\.key.*|registration\.json|slot)$/,
        look: async (step) => {
          const where = `${name}, step ${step}`
          seen.add(heldBytes(machine))
          for (const next of checks) {
            const ended = await run(machine, env, ...next)
            expect(exitOf(ended), `${where}: ${next[0] ?? ''}`).toMatchObject({ code: 0 })
          }
        },
      })
      expect(steps, name).toBeGreaterThan(2)
      for (const length of seen) expect(held, name).toContain(length)
    }
  })
})

const run = (machine: CommandMachine, env: Record<string, string>, ...words: string[]) =>
  runCommand('backup', ['--json', ...words], {
    env: { ...env, BACKUP_STATE_DIR: machine.state },
  })
