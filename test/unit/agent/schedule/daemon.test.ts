import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { carryOut } from '../../../../src/agent/schedule/carry-out.ts'
import { daemon } from '../../../../src/agent/schedule/daemon.ts'
import { daemonServiceText } from '../../../../src/agent/schedule/daemon-unit.ts'
import { fakeSystem, testJob, user } from '../../../support/schedule-job.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const unit = 'backup-agent-daemon.service'

describe('the service of the daemon', () => {
  test.each([true, false])('hides no source (for the whole machine: %s)', (isSystem) => {
    const service = daemonServiceText(testJob({ owner: { ...user, isSystem } }))
    expect(service).not.toMatch(
      /^(ProtectHome|PrivateTmp|PrivateDevices|PrivateUsers|PrivateMounts|MountFlags|ProtectProc|ProcSubset|ProtectKernel\w+|InaccessiblePaths|TemporaryFileSystem|RootDirectory|DynamicUser|User|MemoryDenyWriteExecute)=/m,
    )
    expect(service).not.toMatch(/CAP_(DAC|CHOWN|FOWNER|SYS_ADMIN|SETUID|SETGID)/)
    expect(service).toMatch(/^NoNewPrivileges=yes$/m)
  })

  test('is started again when it failed, and has time to end its run', () => {
    const service = daemonServiceText(testJob())
    for (const line of ['Restart=on-failure', 'KillMode=mixed', 'TimeoutStopSec=30']) {
      expect(service.split('\n')).toContain(line)
    }
    expect(service).toContain(
      'ExecStart=/usr/bin/node /usr/lib/backup-agent/bin/backup.js agent --quiet\n',
    )
    expect(service).toContain('WantedBy=multi-user.target\n')
    expect(daemonServiceText(testJob({ owner: user }))).toContain('WantedBy=default.target\n')
  })
})

describe('the daemon', () => {
  test('is written, started, found as it is, and taken away again', async () => {
    const configHome = scratchDirectory()
    const job = testJob({ owner: { ...user, configHome } })
    const { execute, commands } = fakeSystem()
    expect(await daemon.inspect(job, execute)).toBe('absent')
    await carryOut(await daemon.planInstall(job, execute), execute)
    const text = readFileSync(join(configHome, 'systemd', 'user', unit), 'utf8')
    expect(text).toBe(daemonServiceText(job))
    expect(await daemon.inspect(job, execute)).toBe('on')
    expect(await daemon.inspect({ ...job, stateDirectory: '/other' }, execute)).toBe('outdated')
    await carryOut(await daemon.planRemove(job, execute), execute)
    expect(await daemon.inspect(job, execute)).toBe('absent')
    expect(await daemon.planRemove(job, execute)).toEqual([])
    const steps = ['daemon-reload', `enable ${unit}`, `restart ${unit}`]
    const removal = [`disable --now ${unit}`, 'daemon-reload']
    const said = commands.filter((line) => !line.includes('is-'))
    expect(said).toEqual([...steps, ...removal].map((words) => `systemctl --user ${words}`))
  })
})
