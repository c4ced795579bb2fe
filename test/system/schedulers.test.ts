/** What `schedule install` sets up, carried out by a real cron and a real systemd. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { dayMs } from '../../src/base/clock.ts'
import { canBeApart, startApart } from '../support/apart.ts'
import { run, type CommandMachine } from '../support/commands.ts'
import { daemonOf, machineWithSource, patient } from '../support/daemon.ts'

const pointsOf = async (machine: CommandMachine): Promise<number> =>
  (await machine.backup('points')).events.filter(({ event }) => event === 'point').length

/** Cron looks at the turn of a minute. */
const aMinute = { timeout: 100_000, interval: 1_000 }
const spool = '/var/spool/cron/crontabs'

const cronApart = (crontab: string) =>
  startApart([
    'mount -t tmpfs tmpfs /run',
    'mount -t tmpfs tmpfs /etc/cron.d',
    ': > /run/empty; mount --bind /run/empty /etc/crontab',
    // No audit here, which the session of a job would have to be told to.
    'grep -v loginuid /etc/pam.d/cron > /run/pam; mount --bind /run/pam /etc/pam.d/cron',
    `mount -t tmpfs tmpfs ${spool}; chgrp crontab ${spool}; chmod 1730 ${spool}`,
    `if test -e ${crontab}; then crontab ${crontab}; fi`,
    'exec cron -f',
  ])

describe.runIf(canBeApart && existsSync('/usr/sbin/cron'))('cron', () => {
  it('starts what is due, and after it was away what was missed', async () => {
    const { vault, machine } = await machineWithSource()
    const crontab = join(vault.scratch, 'crontab')
    const installing = await cronApart(crontab)
    expect(await installing.backup(machine, 'schedule', 'install', '--with', 'cron')).toMatchObject(
      {
        code: 0,
      },
    )
    const installed = (await installing.run('crontab', '-l')).stdout
    // The same line, looked at each minute: a test has no quarter of an hour.
    writeFileSync(crontab, installed.replace('*/15 *', '* *'))
    await installing.end()

    // Read when cron starts: it notices no change within a second of the one before.
    const first = await cronApart(crontab)
    const log = () => readFileSync(join(machine.state, 'log', 'backup.log'), 'utf8')
    await vi.waitFor(() => expect(log()).toContain('Recovery point'), aMinute)
    expect(await pointsOf(machine)).toBe(1)
    await first.end()

    const served = join(machine.state, 'served.json')
    writeFileSync(served, JSON.stringify({ files: { servedUntilMs: Date.now() - 3 * dayMs } }))
    const second = await cronApart(crontab)
    await vi.waitFor(async () => expect(await pointsOf(machine)).toBe(2), aMinute)
    await second.end()
    expect(log()).not.toContain('failed')
  }, 300_000)
})

/** Nothing of the machine's own is started: its units are not there. */
const targets = ['basic', 'sysinit', 'multi-user', 'network-online', 'shutdown']

const systemdApart = (scratch: string) => {
  const [units, own] = [join(scratch, 'units'), join(scratch, 'own')]
  mkdirSync(units)
  mkdirSync(own)
  for (const target of targets) {
    writeFileSync(join(units, `${target}.target`), '[Unit]\nDefaultDependencies=no\n')
  }
  return startApart([
    'mount -t tmpfs tmpfs /run; mkdir -p /run/systemd /run/lock',
    'mount -t tmpfs tmpfs /home; umask 077; echo mine > /home/private',
    'chown 65534 /home/private',
    'if test -d /sys/fs/cgroup/systemd',
    'then umount /sys/fs/cgroup/systemd',
    '  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd',
    'else mount -t cgroup2 cgroup2 /sys/fs/cgroup; fi',
    `mount --bind ${units} /usr/lib/systemd/system`,
    `mount --bind ${own} /etc/systemd/system`,
    'mount -t tmpfs tmpfs /usr/lib/systemd/system-generators',
    'export container=test',
    'exec /usr/lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no',
  ])
}

describe.runIf(canBeApart && existsSync('/usr/lib/systemd/systemd'))('systemd', () => {
  it('runs the daemon under the unit that is written, which hides neither /home nor /tmp', async () => {
    const { vault, machine, folder } = await machineWithSource()
    await machine.backup('policy', 'include', '/home')
    const apart = await systemdApart(vault.scratch)
    await vi.waitFor(
      async () =>
        expect((await apart.run('systemctl', 'is-system-running')).stdout).toMatch(/running/),
      patient,
    )
    const install = ['schedule', 'install', '--system', '--with', 'daemon']
    const installed = await apart.backup(machine, ...install)
    expect(installed, installed.stdout).toMatchObject({ code: 0 })
    await vi.waitFor(async () => expect(await pointsOf(machine)).toBe(1), patient)
    await vi.waitFor(
      async () => expect(await daemonOf(machine)).toMatchObject({ last: { code: 0 } }),
      patient,
    )
    for (const [path, content] of [
      ['/home/private', 'mine\n'],
      [join(folder, 'file'), 'content'],
    ] as const) {
      const env = { BACKUP_STATE_DIR: machine.state }
      expect(await run('backup', ['cat', 'latest', path], { env })).toMatchObject({
        stdout: content,
      })
    }
    expect(await apart.backup(machine, 'schedule', 'remove', ...install.slice(2))).toMatchObject({
      code: 0,
    })
    expect(await daemonOf(machine)).toBeUndefined()
    const { stdout } = await apart.run('systemctl', '--failed', '--no-legend')
    expect(stdout).toBe('')
  }, 120_000)
})
