/** What is written for the schedulers of three systems, read by their own checkers and by parsers that others wrote. */

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { daemonServiceText, daemonUnitName } from '../../src/agent/schedule/daemon-unit.ts'
import type { Job } from '../../src/agent/schedule/facility.ts'
import { plistText } from '../../src/agent/schedule/launchd-plist.ts'
import { serviceText, timerText } from '../../src/agent/schedule/systemd-units.ts'
import { taskBytes, taskText } from '../../src/agent/schedule/task-xml.ts'
import { at, oddPath, testJob, user, weekly } from '../support/schedule-job.ts'
import { scratchDirectory } from '../support/scratch.ts'

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

const schedules = [
  { ...weekly([0, 6], 2), minutesOfDay: [30, 150, 1410], timeZone: 'Europe/Berlin' },
  { ...at(540, 1260), timeZone: 'America/Argentina/Buenos_Aires' },
  at(545),
]

const oddJob = (changes: Partial<Job> = {}): Job =>
  testJob({
    program: { node: process.execPath, script: oddPath('backup.js') },
    stateDirectory: oddPath('state'),
    schedules,
    ...changes,
  })

function written(name: string, content: string | Uint8Array, folder = scratchDirectory()): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe.runIf(isThere('systemd-analyze'))('systemd', () => {
  const analyze = (...words: readonly string[]) => {
    const env = { ...process.env, XDG_RUNTIME_DIR: scratchDirectory(), SYSTEMD_COLORS: '0' }
    const { status, stdout, stderr } = spawnSync('systemd-analyze', words, { env })
    return { status, said: `${String(stdout)}${String(stderr)}` }
  }

  it.each([true, false])(
    'accepts timer, service and daemon (for the whole machine: %s)',
    (isSystem) => {
      const folder = scratchDirectory()
      const credential = { file: oddPath('passphrase'), sealed: isSystem }
      const job = oddJob({ owner: { ...user, isSystem }, credential })
      const units = [
        written('backup-agent.service', serviceText(job), folder),
        written('backup-agent.timer', timerText(job), folder),
        written(daemonUnitName, daemonServiceText(job), folder),
      ]
      const manager = isSystem ? [] : ['--user']
      expect(analyze(...manager, 'verify', ...units)).toEqual({ status: 0, said: '' })
    },
  )

  it.each(
    timerText(oddJob())
      .split('\n')
      .filter((line) => line.startsWith('OnCalendar='))
      .map((line) => line.slice('OnCalendar='.length)),
  )('understands %s', (calendar) => {
    expect(analyze('calendar', calendar)).toMatchObject({ status: 0 })
  })

  it.each([
    ['backup-agent.service', serviceText(oddJob())],
    [daemonUnitName, daemonServiceText(oddJob())],
  ])('finds %s of the machine less exposed than an ordinary service', (name, text) => {
    const unit = written(name, text)
    const bound = ['--offline=true', '--threshold=65']
    expect(analyze('security', ...bound, unit)).toMatchObject({ status: 0 })
  })
})

describe.runIf(isThere('python3'))('Python', () => {
  const python = (script: string, ...words: readonly string[]): string =>
    execFileSync('python3', ['-c', script, ...words]).toString()

  it('reads the property list as it was meant', () => {
    const script =
      'import json,plistlib,sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))'
    const job = oddJob({ schedules: [at(545), weekly([4])] })
    const said = python(script, written('job.plist', plistText(job)))
    expect(JSON.parse(said)).toMatchObject({
      ProgramArguments: [process.execPath, oddPath('backup.js'), 'run', '--if-due', '--quiet'],
      EnvironmentVariables: { BACKUP_STATE_DIR: oddPath('state') },
      StartCalendarInterval: [
        { Hour: 9, Minute: 5 },
        { Weekday: 4, Hour: 21, Minute: 0 },
      ],
    })
  })

  it('reads the task, its byte order mark and its encoding', () => {
    const script = `
import json, sys, xml.dom.minidom
document = xml.dom.minidom.parse(sys.argv[1])
element = document.getElementsByTagName("Command")[0]
print(json.dumps([document.encoding, element.firstChild.data]))`
    const job = oddJob({ program: { node: 'C:\\a & b\\<node>.exe', script: 'b.js' } })
    const said = python(script, written('task.xml', taskBytes(job)))
    expect(JSON.parse(said)).toEqual(['UTF-16', 'C:\\a & b\\<node>.exe'])
    expect(taskText(job)).toContain('&lt;node&gt;')
  })
})

describe.runIf(isThere('plistutil'))('plistutil', () => {
  it('makes a binary property list of it, and the same again from that', () => {
    const folder = scratchDirectory()
    const [binary, text] = [join(folder, 'binary'), join(folder, 'text')]
    execFileSync('plistutil', [
      '-i',
      written('job.plist', plistText(oddJob()), folder),
      '-o',
      binary,
    ])
    execFileSync('plistutil', ['-i', binary, '-o', text])
    const label = '<key>Label</key>\n\t<string>backup-agent</string>'
    expect(readFileSync(text, 'utf8')).toContain(label)
  })
})

describe.runIf(isThere('xmllint'))('xmllint', () => {
  it('finds the task well-formed', () => {
    const path = written('task.xml', taskBytes(oddJob()))
    expect(spawnSync('xmllint', ['--noout', path])).toMatchObject({ status: 0 })
  })
})
