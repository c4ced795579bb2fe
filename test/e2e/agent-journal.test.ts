/** What a run looks at while the daemon watches, and when it looks at everything after all. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { daemonOf, machineWithSource, startDaemon } from '../support/daemon.ts'
import { expectSameAsFull, settled, summaryOf } from '../support/watched-runs.ts'

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
    const underAnother = await summaryOf(machine)
    expect(underAnother).toMatchObject({ scan: 'full', files: 4 })
    // Each minute the daemon looks for another policy, and then watches anew.
    expect(['policy-changed', 'starting']).toContain(underAnother?.['scanReason'])
    second.child.kill('SIGTERM')
    await second.result
  }, 300_000)
})
