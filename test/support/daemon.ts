/** `backup agent`, and a machine that it runs for. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { vi } from 'vitest'
import {
  registeredMachine,
  startCommandVault,
  type CommandMachine,
  type Event,
} from './commands.ts'

export const patient = { timeout: 60_000, interval: 200 }

/** No instant passes while a test goes on. */
const halfADayAway = (): string => `${(new Date().getHours() + 12) % 24}:00`

export async function machineWithSource(env: Readonly<Record<string, string>> = {}) {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault, 'laptop', { env })
  const folder = join(vault.scratch, 'source')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'content')
  await machine.backup('policy', 'include', folder)
  await machine.backup('policy', 'schedule', 'set', '--at', halfADayAway())
  return { vault, machine, folder }
}

export function startDaemon(machine: CommandMachine) {
  const child = machine.start('agent')
  const events: Event[] = []
  const { stdout } = child
  if (stdout === null) throw new Error('no output')
  createInterface({ input: stdout }).on('line', (line) => events.push(JSON.parse(line) as Event))
  const seen = (kind: string): Promise<Event> =>
    vi.waitFor(() => {
      const found = events.find(({ event }) => event === kind)
      if (found === undefined) throw new Error(`${kind} is not said: ${JSON.stringify(events)}`)
      return found
    }, patient)
  return { ...{ child, events, seen }, result: child.result }
}

export const daemonOf = async (machine: CommandMachine) =>
  (await machine.backup('status')).event('daemon')
