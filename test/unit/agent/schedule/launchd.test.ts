import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { carryOut } from '../../../../src/agent/schedule/carry-out.ts'
import type { Job } from '../../../../src/agent/schedule/facility.ts'
import { launchd } from '../../../../src/agent/schedule/launchd.ts'
import { plistText } from '../../../../src/agent/schedule/launchd-plist.ts'
import { at, fakeSystem, oddPath, testJob, user, weekly } from '../../../support/schedule-job.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { parseXml, type XmlElement } from '../../../support/xml.ts'

/** A property list as the values that it stands for. */
function valueOf({ name, text, children }: XmlElement): unknown {
  switch (name) {
    case 'dict':
      return Object.fromEntries(
        children.flatMap((child, place) => {
          const value = children[place + 1]
          return child.name === 'key' && value ? [[child.text, valueOf(value)]] : []
        }),
      )
    case 'array':
      return children.map(valueOf)
    case 'integer':
      return Number(text)
    case 'true':
      return true
    case 'string':
      return text
    default:
      throw new Error(`A property list has no ${name}`)
  }
}

function plistOf(job: Job): Record<string, unknown> {
  const root = parseXml(plistText(job))
  expect(root).toMatchObject({ name: 'plist', attributes: { version: '1.0' } })
  const [dictionary] = root.children
  return valueOf(dictionary ?? root) as Record<string, unknown>
}

describe('the property list', () => {
  test('starts what is due, also as it is loaded', () => {
    expect(plistOf(testJob())).toMatchObject({
      Label: 'backup-agent',
      ProgramArguments: [
        ...['/usr/bin/node', '/usr/lib/backup-agent/bin/backup.js'],
        ...['run', '--if-due', '--quiet'],
      ],
      EnvironmentVariables: { BACKUP_STATE_DIR: '/var/lib/backup-agent' },
      RunAtLoad: true,
      ProcessType: 'Background',
    })
  })

  test('has the times of local schedules', () => {
    const plist = plistOf(testJob({ schedules: [at(545), weekly([0, 4], 2)] }))
    expect(plist['StartCalendarInterval']).toEqual([
      { Hour: 9, Minute: 5 },
      { Weekday: 0, Hour: 21, Minute: 0 },
      { Weekday: 4, Hour: 21, Minute: 0 },
    ])
    expect(plist).not.toHaveProperty('StartInterval')
  })

  test('looks every quarter of an hour for a zone, which launchd does not know', () => {
    const plist = plistOf(testJob({ schedules: [at(540), { ...at(540), timeZone: 'UTC' }] }))
    expect(plist['StartInterval']).toBe(900)
    expect(plist).not.toHaveProperty('StartCalendarInterval')
  })

  test('has paths as they are, whatever is in them', () => {
    const program = { node: oddPath('node'), script: oddPath('backup.js') }
    const plist = plistOf(testJob({ program, stateDirectory: oddPath('state') }))
    expect(plist['ProgramArguments']).toEqual([
      ...[program.node, program.script],
      ...['run', '--if-due', '--quiet'],
    ])
    expect(plist['EnvironmentVariables']).toEqual({ BACKUP_STATE_DIR: oddPath('state') })
  })
})

describe('launchd', () => {
  test('is given an agent of the user, and forgets it again', async () => {
    const home = scratchDirectory()
    const job = testJob({ owner: { ...user, home, uid: 501 } })
    const { execute, commands } = fakeSystem((line) => ({ code: line.includes('bootout') ? 3 : 0 }))
    await carryOut(await launchd.planInstall(job, execute), execute)
    const path = join(home, 'Library/LaunchAgents/backup-agent.plist')
    expect(commands).toEqual([
      'launchctl bootout gui/501/backup-agent',
      'launchctl enable gui/501/backup-agent',
      `launchctl bootstrap gui/501 ${path}`,
    ])
    expect(readFileSync(path, 'utf8')).toBe(plistText(job))
    expect(await launchd.inspect(job, execute)).toBe('on')
    expect(await launchd.inspect(job, fakeSystem(() => ({ code: 113 })).execute)).toBe('off')
    await carryOut(await launchd.planRemove(job, execute), execute)
    expect(await launchd.inspect(job, execute)).toBe('absent')
  })

  test('has a daemon for the whole machine', async () => {
    const plan = await launchd.planInstall(testJob(), fakeSystem().execute)
    expect(plan).toMatchObject([
      { path: '/Library/LaunchDaemons/backup-agent.plist' },
      { words: ['bootout', 'system/backup-agent'] },
      { words: ['enable', 'system/backup-agent'] },
      { words: ['bootstrap', 'system', '/Library/LaunchDaemons/backup-agent.plist'] },
    ])
  })
})
