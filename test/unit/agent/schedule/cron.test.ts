import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { carryOut } from '../../../../src/agent/schedule/carry-out.ts'
import { cron } from '../../../../src/agent/schedule/cron.ts'
import {
  entryOf,
  entryText,
  withEntry,
  withoutEntry,
} from '../../../../src/agent/schedule/crontab.ts'
import { fakeSystem, oddPath, testJob, withoutPrograms } from '../../../support/schedule-job.ts'

const entry = entryText(testJob())
const block = withEntry(Buffer.alloc(0), entry).toString()

const usage = expect.objectContaining({ code: 'usage' }) as unknown

describe('the entry', () => {
  test('looks every quarter of an hour, and is silent when nothing is due', () => {
    expect(entry).toBe(
      "*/15 * * * * env 'BACKUP_STATE_DIR=/var/lib/backup-agent' '/usr/bin/node' '/usr/lib/backup-agent/bin/backup.js' run --if-due --quiet",
    )
  })

  test.runIf(process.platform !== 'win32')(
    'gives the program its paths as they are, after cron and the shell have read it',
    () => {
      const script =
        'process.stdout.write(JSON.stringify([...process.argv.slice(1), process.env.BACKUP_STATE_DIR]))'
      const job = testJob({
        program: { node: process.execPath, script: oddPath('backup.js') },
        stateDirectory: oddPath('state'),
      })
      const line = entryText(job)
      expect(line.replaceAll('\\%', '')).not.toContain('%')
      // cron(8): an escaped percent sign loses its backslash; what comes before the command is the time.
      const command = line.replaceAll('\\%', '%').split(' ').slice(5).join(' ')
      const inserted = command.replace(`'${process.execPath}'`, (node) => `${node} -e '${script}'`)
      const said = execFileSync('/bin/sh', [
        '-c',
        inserted.replace(' run --if-due', ' -- run --if-due'),
      ])
      expect(JSON.parse(said.toString())).toEqual([
        ...[oddPath('backup.js'), '--', 'run', '--if-due', '--quiet'],
        oddPath('state'),
      ])
    },
  )

  test('that cron could not read to its end is refused', () => {
    const job = testJob({ stateDirectory: `/srv/${'long/'.repeat(200)}` })
    expect(() => entryText(job)).toThrow(usage)
  })
})

describe('a crontab', () => {
  test('gets the entry at its end, on a line of its own', () => {
    expect(withEntry(Buffer.from('MAILTO=anna\n0 5 * * * true'), entry).toString()).toBe(
      `MAILTO=anna\n0 5 * * * true\n${block}`,
    )
  })

  test('keeps the entry where it stands when it changes', () => {
    const crontab = Buffer.from(`# before\n${block}# after\n`)
    const other = entryText(testJob({ stateDirectory: '/other' }))
    expect(withEntry(crontab, other).toString()).toBe(
      `# before\n${block.replace(entry, other)}# after\n`,
    )
    expect(entryOf(withEntry(crontab, other))).toBe(other)
  })

  test('has every other byte left alone, both ways', () => {
    const lines = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 })
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const text = (parts: readonly Uint8Array[]) =>
          Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]))
        const [first, last] = [text(before), text(after)]
        const crontab = Buffer.concat([first, Buffer.from(block), last])
        expect(withEntry(Buffer.concat([first, last]), entry)).toEqual(
          Buffer.concat([first, last, Buffer.from(block)]),
        )
        expect(withEntry(crontab, entry)).toEqual(crontab)
        expect(withoutEntry(crontab)).toEqual(Buffer.concat([first, last]))
      }),
    )
  })

  test.each([
    ['a line between the markers', block.replace(entry, `${entry}\n0 5 * * * true`)],
    ['another line instead of the entry', block.replace(entry, '0 5 * * * true')],
    ['another time', block.replace('*/15', '*/5')],
    ['no entry any more', block.replace(`${entry}\n`, '')],
    ['no end', block.replace('# END backup-agent\n', '')],
    ['no beginning', block.replace('# BEGIN backup-agent\n', '')],
    ['two blocks', block + block],
    ['the end first', `# END backup-agent\n${block}`],
  ])('that was changed by hand (%s) is not touched', (_, text) => {
    const crontab = Buffer.from(`# mine\n${text}`)
    expect(() => withEntry(crontab, entry)).toThrow(usage)
    expect(() => withoutEntry(crontab)).toThrow(usage)
  })
})

describe('cron', () => {
  /** A system whose `crontab` keeps what it is given. */
  function systemWith(initial: string | undefined) {
    const kept = { text: initial }
    const system = fakeSystem((line, { input }) => {
      if (line === 'crontab -') kept.text = Buffer.from(input ?? []).toString()
      if (line === 'crontab -r') kept.text = undefined
      if (line !== 'crontab -l') return {}
      if (kept.text === undefined) return { code: 1, stderr: 'no crontab for anna\n' }
      return { stdout: Buffer.from(kept.text) }
    })
    return { ...system, kept }
  }

  test.each([
    ['no crontab', undefined],
    ['other entries', '0 5 * * * true\n'],
  ])('with %s has them again after install and remove', async (_, initial) => {
    const { execute, kept } = systemWith(initial)
    const job = testJob()
    expect(await cron.inspect(job, execute)).toBe('absent')
    await carryOut(await cron.planInstall(job, execute), execute)
    expect(kept.text).toBe(`${initial ?? ''}${block}`)
    expect(await cron.inspect(job, execute)).toBe('on')
    expect(await cron.inspect(testJob({ stateDirectory: '/other' }), execute)).toBe('outdated')
    await carryOut(await cron.planRemove(job, execute), execute)
    expect(kept.text).toBe(initial)
    expect(await cron.planRemove(job, execute)).toEqual([])
  })

  test('that is not there, or is not allowed, is not taken for an empty crontab', async () => {
    const refused = fakeSystem(() => ({
      code: 1,
      stderr: 'You (anna) are not allowed to use this program\n',
    }))
    for (const execute of [withoutPrograms, refused.execute]) {
      await expect(cron.planInstall(testJob(), execute)).rejects.toMatchObject({
        code: 'scheduler-refused',
      })
      expect(await cron.inspect(testJob(), execute)).toBe('absent')
    }
    expect(refused.commands).toEqual(['crontab -l', 'crontab -l'])
  })
})
