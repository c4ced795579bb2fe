import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Job } from '../../../../src/agent/schedule/facility.ts'
import { taskScheduler } from '../../../../src/agent/schedule/task-scheduler.ts'
import { taskBytes, taskText } from '../../../../src/agent/schedule/task-xml.ts'
import { argumentText, environmentLine } from '../../../../src/agent/schedule/windows-words.ts'
import { at, fakeSystem, testJob, user, weekly } from '../../../support/schedule-job.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { schemaFaults } from '../../../support/task-schema.ts'
import { elementNamed, parseXml, type XmlElement } from '../../../support/xml.ts'

const windowsJob = (changes: Partial<Job> = {}): Job =>
  testJob({
    owner: { ...user, uid: undefined },
    program: { node: 'C:\\Program Files\\nodejs\\node.exe', script: 'C:\\Tools\\bin\\backup.js' },
    stateDirectory: 'C:\\Users\\Anna & Bob\\AppData\\Local\\backup-agent',
    ...changes,
  })

const taskOf = (job: Job): XmlElement => parseXml(taskText(job))

const textIn = (root: XmlElement, name: string): string | undefined =>
  elementNamed(root, name)?.text

const triggersOf = (job: Job): XmlElement[] => [
  ...(elementNamed(taskOf(job), 'Triggers')?.children ?? []),
]

/** A command line as Windows programs take it apart (CommandLineToArgvW, after the program's name). */
function wordsOf(line: string): string[] {
  const words: string[] = []
  let [word, isQuoted, isOpen] = ['', false, false]
  for (let place = 0; place < line.length; place += 1) {
    const slashes = /^\\*/.exec(line.slice(place))?.[0].length ?? 0
    const after = line[place + slashes]
    if (slashes > 0) {
      word += '\\'.repeat(after === '"' ? Math.floor(slashes / 2) : slashes)
      if (after === '"' && slashes % 2 === 1) word += '"'
      else if (after === '"') isQuoted = !isQuoted
      place += after === '"' ? slashes : slashes - 1
      isOpen = true
      continue
    }
    const character = line[place] ?? ''
    if (character === '"') {
      isQuoted = !isQuoted
      isOpen = true
    } else if (/[ \t]/.test(character) && !isQuoted) {
      if (isOpen) words.push(word)
      word = ''
      isOpen = false
    } else {
      word += character
      isOpen = true
    }
  }
  return isOpen ? [...words, word] : words
}

const jobs: readonly (readonly [string, Job])[] = [
  ['daily, of a user', windowsJob()],
  [
    'weekly, of the machine',
    windowsJob({ owner: { ...user, isSystem: true }, schedules: [weekly([0, 4], 2)] }),
  ],
  ['in a zone', windowsJob({ schedules: [{ ...at(540, 1260), timeZone: 'Asia/Tokyo' }] })],
  ['by night', windowsJob({ schedules: [at(150), weekly([6])] })],
]

describe('the task', () => {
  test.each(jobs)('fits its schema: %s', (_, job) => {
    const task = taskOf(job)
    expect(task).toMatchObject({
      name: 'Task',
      attributes: {
        version: '1.2',
        xmlns: 'http://schemas.microsoft.com/windows/2004/02/mit/task',
      },
    })
    expect(schemaFaults(task)).toEqual([])
    expect(elementNamed(task, 'Principal')?.attributes).toEqual(
      elementNamed(task, 'Actions')?.attributes['Context'] === 'Author' ? { id: 'Author' } : {},
    )
  })

  test('is UTF-16 with a byte order mark', () => {
    const bytes = taskBytes(windowsJob())
    expect([...bytes.subarray(0, 4)]).toEqual([0xff, 0xfe, 0x3c, 0x00])
    expect(new TextDecoder('utf-16le', { fatal: true }).decode(bytes)).toBe(taskText(windowsJob()))
    expect(taskText(windowsJob())).toMatch(/^<\?xml version="1.0" encoding="UTF-16"\?>\r\n<Task /)
  })

  test('has the times of local schedules', () => {
    const [daily, weeks] = triggersOf(windowsJob({ schedules: [at(545), weekly([1, 4], 3)] }))
    expect(daily && textIn(daily, 'StartBoundary')).toBe('2026-01-01T09:05:00')
    expect(daily && textIn(daily, 'DaysInterval')).toBe('1')
    expect(weeks && textIn(weeks, 'WeeksInterval')).toBe('1')
    expect(weeks && elementNamed(weeks, 'DaysOfWeek')?.children.map(({ name }) => name)).toEqual([
      'Monday',
      'Thursday',
    ])
  })

  test('looks every quarter of an hour for a zone, which it does not know', () => {
    const [quarters, ...others] = triggersOf(
      windowsJob({ schedules: [{ ...at(540), timeZone: 'UTC' }] }),
    )
    expect(others).toEqual([])
    expect(quarters && textIn(quarters, 'Interval')).toBe('PT15M')
    expect(quarters && textIn(quarters, 'StartBoundary')).toBe('2026-01-01T00:00:00')
  })

  test.each([
    ['StartWhenAvailable', 'true'],
    ['MultipleInstancesPolicy', 'IgnoreNew'],
    ['DisallowStartIfOnBatteries', 'false'],
    ['StopIfGoingOnBatteries', 'false'],
    ['ExecutionTimeLimit', 'PT0S'],
  ])('is missed by nothing and ended by nothing: %s is %s', (name, value) => {
    expect(textIn(taskOf(windowsJob()), name)).toBe(value)
  })

  test("is of the user who is logged on, or of the machine's own account", () => {
    const own = taskOf(windowsJob())
    expect(textIn(own, 'UserId')).toBe('DESK\\anna')
    expect(textIn(own, 'LogonType')).toBe('InteractiveToken')
    const machine = taskOf(windowsJob({ owner: { ...user, isSystem: true } }))
    expect(textIn(machine, 'UserId')).toBe('S-1-5-18')
    expect(textIn(machine, 'RunLevel')).toBe('HighestAvailable')
  })

  test('starts what is due, with paths as they are', () => {
    const task = taskOf(windowsJob())
    expect(textIn(task, 'Command')).toBe('C:\\Program Files\\nodejs\\node.exe')
    expect(wordsOf(textIn(task, 'Arguments') ?? '')).toEqual([
      '--env-file=C:\\Users\\Anna & Bob\\AppData\\Local\\backup-agent\\schedule.env',
      'C:\\Tools\\bin\\backup.js',
      ...['run', '--if-due', '--quiet'],
    ])
  })
})

describe('words for Windows', () => {
  test('come out of a command line as they went in', () => {
    const parts = fc.constantFrom('a', ' ', '"', '\\', '%', '&', "'", '\t')
    const word = fc.array(parts, { maxLength: 8 }).map((all) => all.join(''))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        expect(wordsOf(argumentText(words))).toEqual(words)
      }),
    )
  })

  test.each(['C:\\new\\table', "C:\\it's 100% & more", 'C:\\`quoted` #1 $HOME', ' x '])(
    'Node reads the variable that was written: %s',
    (value) => {
      const file = join(scratchDirectory(), 'schedule.env')
      writeFileSync(file, environmentLine('SCHEDULE_TEST', value))
      const words = [`--env-file=${file}`, '-p', 'process.env.SCHEDULE_TEST']
      expect(execFileSync(process.execPath, words).toString()).toBe(`${value}\n`)
    },
  )
})

describe('the Task Scheduler', () => {
  test('is given files in the state directory and one command', async () => {
    const plan = await taskScheduler.planInstall(windowsJob(), fakeSystem().execute)
    const folder = 'C:\\Users\\Anna & Bob\\AppData\\Local\\backup-agent'
    expect(plan).toMatchObject([
      { kind: 'write', path: `${folder}\\schedule.env` },
      { kind: 'write', path: `${folder}\\schedule.xml` },
      {
        program: 'schtasks',
        words: ['/Create', '/TN', 'backup-agent', '/XML', `${folder}\\schedule.xml`, '/F'],
      },
    ])
  })

  test('forgets its task, if it has one', async () => {
    const [here, gone] = [fakeSystem(), fakeSystem(() => ({ code: 1 }))]
    const plan = await taskScheduler.planRemove(windowsJob(), here.execute)
    expect(plan[0]).toMatchObject({ words: ['/Delete', '/TN', 'backup-agent', '/F'] })
    expect(await taskScheduler.planRemove(windowsJob(), gone.execute)).toEqual([])
    expect(await taskScheduler.inspect(windowsJob(), gone.execute)).toBe('absent')
  })

  test('is not given a path that it would fill variables into', () => {
    const job = windowsJob({ program: { node: 'C:\\%TEMP%\\node.exe', script: 'C:\\b.js' } })
    expect(() => taskScheduler.planInstall(job, fakeSystem().execute)).toThrow(
      expect.objectContaining({ code: 'usage' }) as Error,
    )
  })
})
