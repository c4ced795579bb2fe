/** What a run looks at while the daemon watches, and when it looks at everything after all. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { CommandMachine, Event } from '../support/commands.ts'
import { daemonOf, machineWithSource, patient, startDaemon } from '../support/daemon.ts'

type Watched = readonly { readonly scan: string | null; readonly directories: number }[]

async function summaryOf(machine: CommandMachine, ...words: string[]): Promise<Event | undefined> {
  const ended = await machine.backup('run', ...words)
  expect(ended, ended.stdout).toMatchObject({ code: 0 })
  return ended.event('summary')
}

/** Until all directories are watched, and a point holds what came before. */
const settled = (machine: CommandMachine): Promise<void> =>
  vi.waitFor(async () => {
    await summaryOf(machine)
    const watched = (await daemonOf(machine))?.['watched'] as Watched
    expect(watched[0]?.scan).toBeNull()
  }, patient)

/** Nothing differs between the point and one that looks at everything. */
async function expectSameAsFull(machine: CommandMachine, point: unknown): Promise<void> {
  await machine.backup('policy', 'watch', 'off')
  const full = await summaryOf(machine)
  expect(full).toMatchObject({ scan: 'full', scanReason: 'off' })
  const difference = await machine.backup('diff', String(point), String(full?.['pointId']))
  expect(difference.event('difference'), difference.stdout).toBeUndefined()
  expect(difference.code, difference.stdout).toBe(0)
  await machine.backup('policy', 'watch', 'on')
}

describe.runIf(process.platform === 'linux')('a run while the daemon watches', () => {
  it('looks where something changed; after the daemon was killed, and under another policy, at everything', async () => {
    const { machine, folder } = await machineWithSource()
    for (const at of ['a/b', 'c/d', 'e']) mkdirSync(join(folder, at), { recursive: true })
    for (const at of ['a/b/x', 'c/d/y', 'e/z']) writeFileSync(join(folder, at), at)
    const first = startDaemon(machine)
    await first.seen('run-ended')
    await settled(machine)
    expect((await daemonOf(machine))?.['watched']).toMatchObject([{ directories: 6 }])

    writeFileSync(join(folder, 'a/b/x'), 'other content')
    renameSync(join(folder, 'c'), join(folder, 'e/c'))
    mkdirSync(join(folder, 'new/deep'), { recursive: true })
    writeFileSync(join(folder, 'new/deep/file'), 'content of its own')
    // What changed in the last two seconds before a run is read by the next one, too.
    await sleep(2100)
    const changed = await summaryOf(machine)
    expect(changed).toMatchObject({ scan: 'journal', scanReason: null, files: 5 })
    expect(await summaryOf(machine)).toMatchObject({ scan: 'journal', bytesRead: 0, files: 5 })
    expect(await machine.backup('verify')).toMatchObject({ code: 0 })

    first.child.kill('SIGKILL')
    await first.result
    rmSync(join(folder, 'e/c/d/y'))
    expect(await summaryOf(machine)).toMatchObject({ scanReason: 'not-watched', files: 4 })
    const second = startDaemon(machine)
    await second.seen('agent-started')
    expect(await summaryOf(machine)).toMatchObject({ scan: 'full', scanReason: 'starting' })
    await settled(machine)
    writeFileSync(join(folder, 'new/deep/file'), 'changed again')
    const again = await summaryOf(machine)
    expect(again).toMatchObject({ scan: 'journal', files: 4 })
    await expectSameAsFull(machine, again?.['pointId'])
    await machine.backup('policy', 'exclude', '/e')
    expect(await summaryOf(machine)).toMatchObject({ scanReason: 'policy-changed' })
    second.child.kill('SIGTERM')
    await second.result
  }, 300_000)
})
