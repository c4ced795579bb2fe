/** A job for schedulers, and a system that answers their commands as it is told. */

import type { Execute, PlannedCommand } from '../../src/agent/schedule/execute.ts'
import type { Job, Owner } from '../../src/agent/schedule/facility.ts'
import { defaultSchedule, type ScheduleSettings } from '../../src/policy/schedule.ts'

export const user: Owner = {
  isSystem: false,
  home: '/home/anna',
  uid: 1000,
  userName: 'DESK\\anna',
}

export const testJob = (changes: Partial<Job> = {}): Job => ({
  owner: { ...user, isSystem: true },
  program: { node: '/usr/bin/node', script: '/usr/lib/backup-agent/bin/backup.js' },
  stateDirectory: '/var/lib/backup-agent',
  schedules: [defaultSchedule],
  ...changes,
})

export const at = (...minutesOfDay: readonly number[]): ScheduleSettings => ({
  ...defaultSchedule,
  minutesOfDay,
})

export const weekly = (daysOfWeek: readonly number[], everyWeeks = 1): ScheduleSettings => ({
  ...defaultSchedule,
  weekly: { daysOfWeek, everyWeeks, countedFrom: 0 },
})

/** All that has a meaning to a shell, cron, systemd or XML. */
export const oddPath = (name: string): string =>
  `/srv/it's a "100%" & <$HOME> \\ 'place' %d;/${name}`

export interface FakeSystem {
  readonly execute: Execute
  /** What was run, in order. */
  readonly commands: string[]
}

type Answer = Partial<Awaited<ReturnType<Execute>>>

/** Every command succeeds, unless `answer` says otherwise. */
export function fakeSystem(
  answer: (line: string, command: PlannedCommand) => Answer = () => ({}),
): FakeSystem {
  const commands: string[] = []
  const execute: Execute = (command) => {
    const line = [command.program, ...command.words].join(' ')
    commands.push(line)
    const { code = 0, stdout = new Uint8Array(0), stderr = '' } = answer(line, command)
    return Promise.resolve({ code, stdout, stderr })
  }
  return { execute, commands }
}

/** A system without that program. */
export const withoutPrograms: Execute = () =>
  Promise.resolve({ code: undefined, stdout: new Uint8Array(0), stderr: '' })
