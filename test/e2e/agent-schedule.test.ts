/** Schedules by the built commands: what they say, what they leave, and which runs they let through. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  startCommandVault,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'
import { scratchDirectory } from '../support/scratch.ts'

const isWindows = process.platform === 'win32'

/** No instant passes while a test goes on. */
const halfADayAway = (): string => `${(new Date().getHours() + 12) % 24}:00`

/** A registered machine with one source of one file, to be backed up half a day from now. */
async function machineWithSource(): Promise<CommandMachine> {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'source')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'content')
  expect(await machine.backup('policy', 'include', folder)).toMatchObject({ code: 0 })
  await machine.backup('policy', 'schedule', 'set', '--at', halfADayAway())
  return machine
}

const day = 24 * 60 * 60 * 1000

const servedBefore = (machine: CommandMachine, ms: number): void =>
  writeFileSync(
    join(machine.state, 'served.json'),
    JSON.stringify({ files: { servedUntilMs: Date.now() - ms } }),
  )

const summaries = (ended: Ended) => ended.events.filter(({ event }) => event === 'summary')

describe('backup run --if-due', () => {
  it('runs a source that has no point yet, and then says when the next is due', async () => {
    const machine = await machineWithSource()
    const first = await machine.backup('run', '--if-due')
    expect(exitOf(first)).toMatchObject({ code: 0 })
    expect(summaries(first)).toHaveLength(1)
    const second = await machine.backup('run', '--if-due')
    expect(exitOf(second)).toMatchObject({ code: 0 })
    expect(summaries(second)).toEqual([])
    const next = Date.parse(String(second.event('not-due')?.['next']))
    expect(next).toBeGreaterThan(Date.now())
    expect(next).toBeLessThan(Date.now() + day)
  })

  it('makes up once for all the runs that were missed', async () => {
    const machine = await machineWithSource()
    servedBefore(machine, 5 * day)
    expect(summaries(await machine.backup('run', '--if-due'))).toHaveLength(1)
    expect(summaries(await machine.backup('run', '--if-due'))).toEqual([])
  })

  it('counts a run by hand, but not a dry one', async () => {
    const machine = await machineWithSource()
    servedBefore(machine, 2 * day)
    expect(summaries(await machine.backup('run', '--dry-run'))).toHaveLength(1)
    const shown = await machine.backup(
      'schedule',
      'show',
      '--with',
      isWindows ? 'task-scheduler' : 'cron',
    )
    expect(shown.event('schedule')).toMatchObject({ source: 'files', due: true })
    await machine.backup('run')
    expect(summaries(await machine.backup('run', '--if-due'))).toEqual([])
  })

  it('tries a run that failed again at a later look, not at the next moment', async () => {
    const machine = await machineWithSource()
    await machine.backup('policy', 'include', join(machine.state, 'absent'), '--source', 'other')
    await machine.backup('run', '--source', 'files')
    const failed = await machine.backup('run', '--if-due')
    expect(exitOf(failed)).toMatchObject({ code: 1, error: 'nothing-readable' })
    const again = await machine.backup('run', '--if-due')
    expect(exitOf(again)).toMatchObject({ code: 0 })
    expect(again.event('not-due')).toBeDefined()
  })

  it('runs the other sources, too, when one fails', async () => {
    const machine = await machineWithSource()
    await machine.backup('policy', 'include', join(machine.state, 'absent'), '--source', 'aaa')
    const ended = await machine.backup('run', '--if-due')
    expect(exitOf(ended)).toMatchObject({ code: 1, error: 'nothing-readable' })
    expect(summaries(ended)).toMatchObject([{ source: 'files' }])
    expect(ended.event('warning')?.['message']).toContain('Source aaa failed')
  })

  it('waits for its random delay, alone, and stops when it is told to', async () => {
    const machine = await machineWithSource()
    await machine.backup(
      ...['policy', 'schedule', 'set', '--at', halfADayAway(), '--random-delay', '6h'],
    )
    const waiting = machine.start('run', '--if-due')
    await vi.waitFor(
      () => expect(existsSync(join(machine.state, 'locks', 'schedule-files.lock'))).toBe(true),
      30_000,
    )
    const other = await machine.backup('run', '--if-due')
    expect(exitOf(other)).toMatchObject({ code: 0 })
    expect(other.event('not-due')).toMatchObject({ next: null })
    waiting.kill('SIGTERM')
    const ended = await waiting.result
    expect(exitOf(ended)).toMatchObject({ code: 143 })
    expect(Date.parse(String(ended.event('delayed')?.['until']))).toBeLessThan(Date.now() + day / 4)
    expect(summaries(ended)).toEqual([])
  })

  it('wants a registration, and a source of that name', async () => {
    const machine = bareMachine(scratchDirectory(), 'laptop')
    expect(exitOf(await machine.backup('run', '--if-due'))).toMatchObject({ code: 10 })
    const registered = await machineWithSource()
    const ended = await registered.backup('run', '--if-due', '--source', 'none')
    expect(exitOf(ended)).toMatchObject({ code: 2, error: 'unknown-source' })
  })
})

describe('backup policy schedule', () => {
  const bare = () => bareMachine(scratchDirectory(), 'laptop')

  it('is set, shown and cleared', async () => {
    const machine = bare()
    const set = await machine.backup(
      ...['policy', 'schedule', 'set', '--at', '21:00', '--at', '9:30', '--weekly', 'mon,thu'],
      ...['--every-weeks', '2', '--time-zone', 'Europe/Berlin', '--random-delay', '15m'],
    )
    const text =
      'every 2nd week on Monday and Thursday at 09:30 and 21:00, Europe/Berlin, up to 15 min later'
    expect(set.event('schedule')).toMatchObject({ schedule: text, timeZone: 'Europe/Berlin' })
    expect(set.event('schedule')?.['next']).toHaveLength(3)
    expect((await machine.backup('policy', 'show')).event('policy')).toMatchObject({
      schedule: text,
    })
    const cleared = await machine.backup('policy', 'schedule', 'clear')
    expect(cleared.event('schedule')).toMatchObject({ schedule: 'daily at 21:00, local time' })
  })

  it('set again as it is changes nothing', async () => {
    const machine = bare()
    const words = [
      'policy',
      'schedule',
      'set',
      '--at',
      '21:00',
      '--weekly',
      'sun',
      '--every-weeks',
      '4',
    ]
    const policy = () => readFileSync(join(machine.state, 'policy.json'), 'utf8')
    await machine.backup(...words)
    const counted = policy().replace(
      /"countedFrom": (\d+)/,
      (_, from: string) => `"countedFrom": ${Number(from) - 7}`,
    )
    writeFileSync(join(machine.state, 'policy.json'), counted)
    await machine.backup(...words)
    expect(policy()).toBe(counted)
  })

  it('keeps what the source includes', async () => {
    const machine = bare()
    await machine.backup('policy', 'include', machine.state)
    await machine.backup('policy', 'schedule', 'set', '--at', '03:00')
    await machine.backup('policy', 'exclude', '*.tmp')
    expect((await machine.backup('policy', 'show')).event('policy')).toMatchObject({
      include: [machine.state],
      exclude: ['*.tmp'],
      schedule: 'daily at 03:00, local time',
    })
  })

  const fourTimes = ['1:00', '2:00', '3:00', '4:00'].flatMap((time) => ['--at', time])

  it.each([
    ['a fourth time of day', fourTimes, 'at most 3 times a day'],
    ['no time of day', [], 'required option'],
    ['25:00', ['--at', '25:00'], 'no time of day'],
    ['a zone that does not exist', ['--at', '1:00', '--time-zone', 'Mars/Olympus'], 'time zone'],
    [
      'every 5th week',
      ['--at', '1:00', '--weekly', 'mon', '--every-weeks', '5'],
      'every 2nd to 4th',
    ],
    ['weeks without days', ['--at', '1:00', '--every-weeks', '2'], 'days of the week'],
    ['a delay of a day', ['--at', '1:00', '--random-delay', '24h'], '6 hours'],
  ])('refuses %s, and changes nothing', async (_, words, reason) => {
    const machine = bare()
    const ended = await machine.backup('policy', 'schedule', 'set', ...words)
    expect(exitOf(ended)).toMatchObject({ code: 2, name: 'usage' })
    expect(exitOf(ended)['message']).toContain(reason)
    expect(existsSync(join(machine.state, 'policy.json'))).toBe(false)
  })
})

/** Keeps what it is given in a file, as the real one keeps it in a spool. */
const crontabProgram = `#!/bin/sh
case "$1" in
  -l) [ -f "$CRONTAB_FILE" ] && exec cat "$CRONTAB_FILE"; echo 'no crontab for anna' >&2; exit 1 ;;
  -r) rm "$CRONTAB_FILE" ;;
  -) exec cat > "$CRONTAB_FILE" ;;
esac
`

describe.skipIf(isWindows)('backup schedule --with cron', () => {
  function machineWithCrontab(initial: string) {
    const scratch = scratchDirectory()
    const [folder, file] = [join(scratch, 'bin'), join(scratch, 'crontab')]
    mkdirSync(folder)
    writeFileSync(join(folder, 'crontab'), crontabProgram)
    chmodSync(join(folder, 'crontab'), 0o755)
    writeFileSync(file, initial)
    const path = [folder, process.env['PATH']].join(delimiter)
    const env = { PATH: path, CRONTAB_FILE: file, HOME: scratch }
    return {
      machine: bareMachine(scratch, 'laptop', { env }),
      crontab: () => readFileSync(file, 'utf8'),
    }
  }

  const stateOf = (ended: Ended) => ended.event('facility')?.['state']
  const withCron = (machine: CommandMachine, action: string, ...words: readonly string[]) =>
    machine.backup('schedule', action, '--with', 'cron', ...words)

  it('installs an entry, shows it with the next three times, and removes it again', async () => {
    const { machine, crontab } = machineWithCrontab('0 5 * * * true\n')
    expect(stateOf(await withCron(machine, 'show'))).toBe('absent')
    const installed = await withCron(machine, 'install')
    expect(exitOf(installed)).toMatchObject({ code: 0 })
    expect(installed.event('schedule')?.['next']).toHaveLength(3)
    expect(crontab()).toMatch(
      /^0 5 \* \* \* true\n# BEGIN backup-agent\n(.*\n){2}# END backup-agent\n$/,
    )
    expect(crontab()).toContain(`'BACKUP_STATE_DIR=${machine.state}'`)
    const once = crontab()
    await withCron(machine, 'install')
    expect(crontab()).toBe(once)
    expect(stateOf(await withCron(machine, 'show'))).toBe('on')
    expect(stateOf(await withCron(machine, 'remove'))).toBe('absent')
    expect(crontab()).toBe('0 5 * * * true\n')
  })

  it('only says what it would do with --dry-run', async () => {
    const { machine, crontab } = machineWithCrontab('0 5 * * * true\n')
    const ended = await withCron(machine, 'install', '--dry-run')
    expect(ended.event('step')).toMatchObject({ kind: 'run', command: ['crontab', '-'] })
    expect(ended.event('step')?.['input']).toContain('run --if-due --quiet')
    expect(crontab()).toBe('0 5 * * * true\n')
  })

  it('leaves a crontab alone that was changed between the markers', async () => {
    const edited = '# BEGIN backup-agent\n0 5 * * * true\n# END backup-agent\n'
    const { machine, crontab } = machineWithCrontab(edited)
    for (const action of ['install', 'remove']) {
      const ended = await withCron(machine, action)
      expect(exitOf(ended)).toMatchObject({ code: 2, name: 'usage' })
      expect(exitOf(ended)['message']).toContain('changed by hand')
      expect(exitOf(ended)['hint']).toContain('crontab -e')
    }
    expect(crontab()).toBe(edited)
  })

  it('names the facilities that there are, when another one is asked for', async () => {
    const { machine } = machineWithCrontab('')
    const ended = await machine.backup('schedule', 'install', '--with', 'task-scheduler')
    expect(exitOf(ended)).toMatchObject({ code: 2, name: 'usage' })
    expect(exitOf(ended)['hint']).toContain('cron')
  })
})
