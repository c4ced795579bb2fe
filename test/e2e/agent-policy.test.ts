/** The policy as a file, by the built commands. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bareMachine, exitOf, type CommandMachine } from '../support/commands.ts'
import { scratchDirectory } from '../support/scratch.ts'

const text = `source: docs
include: [/home]
exclude: ["*.tmp"]
schedule: {at: 12:30, time-zone: UTC}
throttle: {upload: 20Mbit}
`

function machineWithFile(): { machine: CommandMachine; file: string } {
  const scratch = scratchDirectory()
  const file = join(scratch, 'docs.yaml')
  writeFileSync(file, text)
  return { machine: bareMachine(scratch, 'laptop'), file }
}

const stored = ({ state }: CommandMachine) => readFileSync(join(state, 'policy.json'), 'utf8')

describe('backup policy apply', () => {
  it('shows what will change and when runs come, changes it, and then nothing more', async () => {
    const { machine, file } = machineWithFile()
    await machine.backup('policy', 'include', '/etc')
    const before = stored(machine)
    const dry = await machine.backup('policy', 'apply', file, '--dry-run')
    const sections = ['include', 'exclude', 'schedule', 'throttle']
    expect(dry.event('policy-change')).toMatchObject({ source: 'docs', dryRun: true, sections })
    expect(dry.event('schedule')?.['next']).toHaveLength(3)
    expect(stored(machine)).toBe(before)

    expect(await machine.backup('policy', 'apply', file)).toMatchObject({ code: 0 })
    const applied = stored(machine)
    expect(Object.keys(JSON.parse(applied) as object)).toEqual(['sources'])
    const again = await machine.backup('policy', 'apply', file)
    expect(again.event('policy-change')).toMatchObject({ sections: [] })
    expect(stored(machine)).toBe(applied)

    const shown = await machine.backup('policy', 'show', '--yaml', '--source', 'docs')
    writeFileSync(file, String(shown.event('policy-file')?.['yaml']))
    expect((await machine.backup('policy', 'apply', file)).event('policy-change')).toMatchObject({
      sections: [],
    })
  })

  it('takes nothing of a file that is wrong, and says where', async () => {
    const { machine, file } = machineWithFile()
    await machine.backup('policy', 'include', '/etc', '--source', 'docs')
    const before = stored(machine)
    writeFileSync(file, text.replace('20Mbit', '20kbit'))
    for (const command of ['validate', 'apply']) {
      const ended = await machine.backup('policy', command, file)
      expect(exitOf(ended)).toMatchObject({ code: 2, error: 'policy-invalid' })
      expect(exitOf(ended)['message']).toContain('docs.yaml:5:20: throttle.upload: ')
    }
    expect(stored(machine)).toBe(before)
  })
})

describe('backup policy edit', () => {
  it('takes over what the editor leaves, and keeps a draft that is wrong', async () => {
    const scratch = scratchDirectory()
    const editing = (command: string) =>
      bareMachine(scratch, 'laptop', { env: { VISUAL: `sed -i ${command}` } })
    const machine = editing("'$ a throttle: {upload: 30Mbit}'")
    await machine.backup('policy', 'include', '/etc')
    const changed = await machine.backup('policy', 'edit')
    expect(changed.event('policy-change')).toMatchObject({ sections: ['throttle'] })
    const wrong = await editing('s/30Mbit/fast/').backup('policy', 'edit')
    expect(exitOf(wrong)).toMatchObject({ code: 2, error: 'policy-invalid' })
    const [folder = ''] = readdirSync(machine.state).filter((name) =>
      name.startsWith('policy-edit'),
    )
    const draft = join(machine.state, folder, 'files.yaml')
    expect(readFileSync(draft, 'utf8')).toContain('fast')
    expect(exitOf(wrong)['hint']).toContain(draft)
  })
})

describe('a source that is paused or stopped', () => {
  it('is not due until it is resumed, whatever file is applied meanwhile', async () => {
    const { machine, file } = machineWithFile()
    await machine.backup('policy', 'apply', file)
    const due = async () =>
      (await machine.backup('policy', 'schedule', 'set', '--at', '1:00', '--source', 'docs')).event(
        'schedule',
      )
    expect(await due()).toMatchObject({ due: true, activity: null })
    await machine.backup('policy', 'pause', '--source', 'docs')
    await machine.backup('policy', 'apply', file)
    expect(await due()).toMatchObject({ due: false, activity: 'paused' })
    expect(exitOf(await machine.backup('policy', 'stop', '--source', 'docs'))).toMatchObject({
      error: 'usage',
    })
    await machine.backup('policy', 'stop', '--keep-data', '--source', 'docs')
    expect(await due()).toMatchObject({ due: false, activity: 'stopped' })
    const refused = await machine.backup('run', '--source', 'docs')
    expect(exitOf(refused)).toMatchObject({ code: 10 })
    const resumed = await machine.backup('policy', 'resume', '--source', 'docs')
    expect(resumed.event('schedule')).toMatchObject({ due: true })
  })
})
