/** Kills agent and vault in turn of chance, at moments that a seed decides, while runs go on. */

import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import {
  serveDirectory,
  type CommandMachine,
  type CommandVault,
  type Ended,
} from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { storedObjects } from './stored.ts'

export interface Killing {
  readonly vault: CommandVault
  readonly machine: CommandMachine
  readonly seed: string
  readonly kills: number
  /** Called when a run has made its point, before the next one begins. */
  readonly change: (point: number) => void
}

interface Agent {
  readonly child: ReturnType<CommandMachine['start']>
  readonly hasEnded: () => boolean
}

/** Resolves when that many were killed; the vault is being served then, and no run goes on. */
export async function runUnderKills(killing: Killing): Promise<void> {
  const { vault, machine, kills } = killing
  const chance = chancesOf(killing.seed)
  let { serving } = vault
  let agent = startRun(machine)
  let points = 0
  for (let count = 0; count < kills;) {
    await moment(vault.directory, agent, chance)
    if (agent.hasEnded()) {
      if (endedWell(await agent.child.result)) killing.change(points++)
      agent = startRun(machine)
    } else if (chance() < 0.5) {
      count++
      await serving.stop('SIGKILL')
      serving = await serveDirectory(vault.directory, serving.port)
    } else {
      count++
      agent.child.kill('SIGKILL')
      await agent.child.result
      agent = startRun(machine)
    }
  }
  agent.child.kill('SIGKILL')
  await agent.child.result
}

function startRun(machine: CommandMachine): Agent {
  const child = machine.start('run')
  let hasEnded = false
  child.once('exit', () => {
    hasEnded = true
  })
  return { child, hasEnded: () => hasEnded }
}

/** Whether it made a point. Otherwise it can only have missed the vault. */
function endedWell(ended: Ended): boolean {
  expect(ended.code, ended.stdout + ended.stderr).toBeOneOf([0, 20])
  return ended.code === 0
}

const stepMs = 5

/** After up to a second, or soon after the next pack has arrived; at once when the run is over. */
async function moment(directory: string, agent: Agent, chance: () => number): Promise<void> {
  const isAfterPack = chance() < 0.5
  const packs = storedObjects(directory, 'data').length
  const arrived = () => storedObjects(directory, 'data').length > packs
  while (isAfterPack && !agent.hasEnded() && !arrived()) await pause(stepMs)
  const steps = chance() * (isAfterPack ? 40 : 200)
  for (let step = 0; step < steps && !agent.hasEnded(); step++) await pause(stepMs)
}

/** Numbers from 0 to below 1, the same for the same seed. */
function chancesOf(seed: string): () => number {
  const bytes = Buffer.from(pseudoRandomBytes(seed, 4 * 10_000))
  let at = 0
  return () => {
    at = (at + 4) % bytes.length
    return bytes.readUInt32LE(at) / 2 ** 32
  }
}
