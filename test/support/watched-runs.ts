/** Runs of a machine whose daemon watches. */

import { expect, vi } from 'vitest'
import type { CommandMachine, Event } from './commands.ts'
import { daemonOf, patient } from './daemon.ts'

type Watched = readonly { readonly scan: string | null; readonly directories: number }[]

export async function summaryOf(
  machine: CommandMachine,
  ...words: string[]
): Promise<Event | undefined> {
  const ended = await machine.backup('run', ...words)
  expect(ended, ended.stdout).toMatchObject({ code: 0 })
  return ended.event('summary')
}

/** Until all directories are watched, and a point holds what came before. */
export const settled = (machine: CommandMachine): Promise<void> =>
  vi.waitFor(async () => {
    await summaryOf(machine)
    const watched = (await daemonOf(machine))?.['watched'] as Watched
    expect(watched[0]?.scan).toBeNull()
  }, patient)

/** Nothing differs between the point and one that looks at everything. */
export async function expectSameAsFull(machine: CommandMachine, point: unknown): Promise<void> {
  await machine.backup('policy', 'watch', 'off')
  const full = await summaryOf(machine)
  expect(full).toMatchObject({ scan: 'full', scanReason: 'off' })
  const difference = await machine.backup('diff', String(point), String(full?.['pointId']))
  expect(difference.event('difference'), difference.stdout).toBeUndefined()
  expect(difference.code, difference.stdout).toBe(0)
  await machine.backup('policy', 'watch', 'on')
}
