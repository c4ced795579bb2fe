import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { carryOut } from '../../../../src/agent/schedule/carry-out.ts'
import { daemonServiceText } from '../../../../src/agent/schedule/daemon-unit.ts'
import { systemd } from '../../../../src/agent/schedule/systemd.ts'
import { serviceText, timerText } from '../../../../src/agent/schedule/systemd-units.ts'
import {
  at,
  fakeSystem,
  oddPath,
  testJob,
  user,
  weekly,
  withoutPrograms,
} from '../../../support/schedule-job.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const valuesOf = (unit: string, key: string): string[] =>
  unit
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1))

/** The words of a line, as systemd.syntax(7) and systemd.service(5) take it apart. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
    (quoted ?? bare ?? '').replace(/\\(.)/g, '$1').replaceAll('%%', '%'),
  )

describe('the timer', () => {
  test('has the times of the policy in its zone, and catches up', () => {
    const timer = timerText(
      testJob({ schedules: [at(540, 1260), { ...weekly([1, 4], 2), timeZone: 'Europe/Berlin' }] }),
    )
    expect(valuesOf(timer, 'OnCalendar')).toEqual([
      '*-*-* 09:00:00',
      '*-*-* 21:00:00',
      'Mon,Thu *-*-* 21:00:00 Europe/Berlin',
    ])
    expect(valuesOf(timer, 'Persistent')).toEqual(['true'])
    expect(valuesOf(timer, 'WantedBy')).toEqual(['timers.target'])
  })
})

describe('the service', () => {
  test('starts what is due, once at a time, and takes as long as it takes', () => {
    const service = serviceText(testJob())
    expect(valuesOf(service, 'Type')).toEqual(['oneshot'])
    expect(valuesOf(service, 'ExecStart')).toEqual([
      '/usr/bin/node /usr/lib/backup-agent/bin/backup.js run --if-due --quiet',
    ])
    expect(valuesOf(service, 'Environment')).toEqual(['BACKUP_STATE_DIR=/var/lib/backup-agent'])
    expect(valuesOf(service, 'TimeoutStartSec')).toEqual([])
  })

  test('is handed the passphrase by systemd, where that is wanted', () => {
    expect(valuesOf(serviceText(testJob()), 'LoadCredential')).toEqual([])
    const file = oddPath('passphrase')
    const clear = serviceText(testJob({ credential: { file, sealed: false } }))
    const written = `backup-passphrase:${file.replaceAll('%', '%%')}`
    expect(valuesOf(clear, 'LoadCredential')).toEqual([written])
    const sealed = daemonServiceText(testJob({ credential: { file, sealed: true } }))
    expect(valuesOf(sealed, 'LoadCredentialEncrypted')).toEqual([written])
  })

  test('begins a failed run again, but for what only a person can mend', () => {
    const service = serviceText(testJob())
    expect(valuesOf(service, 'Restart')).toEqual(['on-failure'])
    expect(valuesOf(service, 'RestartSec')).toEqual(['15min'])
    expect(valuesOf(service, 'RestartPreventExitStatus')).toEqual(['2 4 10 12 22'])
    expect(valuesOf(service, 'SuccessExitStatus')).toEqual(['3 143'])
  })

  test.each([true, false])('hides no source (for the whole machine: %s)', (isSystem) => {
    const service = serviceText(testJob({ owner: { ...user, isSystem } }))
    expect(service).not.toMatch(
      /^(ProtectHome|PrivateTmp|PrivateDevices|PrivateUsers|ProtectProc|ProcSubset|ProtectKernel\w+|InaccessiblePaths|TemporaryFileSystem|RootDirectory|DynamicUser|User|MemoryDenyWriteExecute)=/m,
    )
    expect(service).not.toMatch(/CAP_(DAC|CHOWN|FOWNER|SYS_ADMIN|SETUID|SETGID)/)
    expect(valuesOf(service, 'NoNewPrivileges')).toEqual(['yes'])
  })

  test('of a user has nothing that would need a user namespace', () => {
    const service = serviceText(testJob({ owner: user }))
    expect(service).not.toMatch(/^(Protect\w+|ReadWritePaths|CapabilityBoundingSet)=/m)
  })

  test('gets paths as they are, whatever is in them', () => {
    const [node, script, state] = ['/srv/100% free $HOME & so/node', oddPath('b.js'), oddPath('s')]
    const service = serviceText(testJob({ program: { node, script }, stateDirectory: state }))
    const [line = ''] = valuesOf(service, 'ExecStart')
    const [program, ...words] = wordsOf(line)
    expect(program).toBe(node)
    expect(words.map((word) => word.replaceAll('$$', '$'))).toEqual([
      script,
      ...['run', '--if-due', '--quiet'],
    ])
    expect(words[0]).toContain('$$HOME')
    expect(wordsOf(valuesOf(service, 'Environment')[0] ?? '')).toEqual([
      `BACKUP_STATE_DIR=${state}`,
    ])
    expect(wordsOf(valuesOf(service, 'ReadWritePaths')[0] ?? '')).toEqual([`-${state}`])
  })
})

describe('systemd', () => {
  const ownJob = () => {
    const configHome = scratchDirectory()
    const folder = join(configHome, 'systemd', 'user')
    return { job: testJob({ owner: { ...user, configHome } }), folder }
  }

  test('is given its files and told of them, then they are as the policy has them', async () => {
    const { job, folder } = ownJob()
    const { execute, commands } = fakeSystem()
    expect(await systemd.inspect(job, execute)).toBe('absent')
    await carryOut(await systemd.planInstall(job, execute), execute)
    expect(commands).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable backup-agent.timer',
      'systemctl --user restart backup-agent.timer',
    ])
    const timer = join(folder, 'backup-agent.timer')
    expect(readFileSync(timer, 'utf8')).toBe(timerText(job))
    expect(statSync(timer).mode & 0o777).toBe(0o644)
    expect(await systemd.inspect(job, execute)).toBe('on')
    expect(await systemd.inspect({ ...job, schedules: [at(60)] }, execute)).toBe('outdated')
    const off = fakeSystem((line) => ({ code: line.includes('is-active') ? 3 : 0 }))
    expect(await systemd.inspect(job, off.execute)).toBe('off')
  })

  test('forgets them again, and is not told twice', async () => {
    const { job } = ownJob()
    const { execute, commands } = fakeSystem()
    await carryOut(await systemd.planInstall(job, execute), execute)
    commands.length = 0
    await carryOut(await systemd.planRemove(job, execute), execute)
    expect(commands).toEqual([
      'systemctl --user disable --now backup-agent.timer',
      'systemctl --user daemon-reload',
    ])
    expect(await systemd.inspect(job, execute)).toBe('absent')
    expect(await systemd.planRemove(job, execute)).toEqual([])
  })

  test('has the machine-wide units in /etc, without --user', async () => {
    const plan = await systemd.planInstall(testJob(), fakeSystem().execute)
    expect(plan).toMatchObject([
      { path: '/etc/systemd/system/backup-agent.service' },
      { path: '/etc/systemd/system/backup-agent.timer' },
      { words: ['daemon-reload'] },
      { words: ['enable', 'backup-agent.timer'] },
      { words: ['restart', 'backup-agent.timer'] },
    ])
  })

  test('keeps units of that name that somebody else wrote', async () => {
    const { job, folder } = ownJob()
    mkdirSync(folder, { recursive: true })
    const timer = join(folder, 'backup-agent.timer')
    writeFileSync(timer, '[Timer]\n')
    const { execute, commands } = fakeSystem()
    for (const plan of [
      await systemd.planInstall(job, execute),
      await systemd.planRemove(job, execute),
    ]) {
      await expect(carryOut(plan, execute)).rejects.toMatchObject({ code: 'already-exists' })
    }
    expect(commands).toEqual([])
    expect(readFileSync(timer, 'utf8')).toBe('[Timer]\n')
    rmSync(timer)
    expect(await systemd.inspect(job, execute)).toBe('absent')
  })

  test('that is not there, or says no, is told with what it said', async () => {
    const { job } = ownJob()
    const plan = await systemd.planInstall(job, withoutPrograms)
    await expect(carryOut(plan, withoutPrograms)).rejects.toMatchObject({
      code: 'scheduler-refused',
      message: 'systemctl --user daemon-reload: it can not be started',
    })
    const { execute } = fakeSystem(() => ({ code: 1, stderr: 'Failed to connect to bus\n' }))
    await expect(carryOut(plan, execute)).rejects.toMatchObject({
      code: 'scheduler-refused',
      message: 'systemctl --user daemon-reload: Failed to connect to bus',
    })
  })

  test.each([
    ['a line break in a path', { stateDirectory: '/srv/a\nb' }],
    ['quotes in the name of the program', { program: { node: "/srv/it's/node", script: '/b.js' } }],
  ])('%s is refused', (_, changes) => {
    expect(() => systemd.planInstall(testJob(changes), withoutPrograms)).toThrow(
      expect.objectContaining({ code: 'usage' }) as Error,
    )
  })
})
