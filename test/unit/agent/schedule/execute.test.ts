import { describe, expect, test } from 'vitest'
import { chooseFacility, facilitiesOf } from '../../../../src/agent/schedule/choose.ts'
import { executeOnSystem } from '../../../../src/agent/schedule/execute.ts'
import { facilityNames } from '../../../../src/agent/schedule/facility.ts'

const node = (script: string, input?: Uint8Array) =>
  executeOnSystem({
    program: process.execPath,
    words: ['-e', script],
    ...(input !== undefined && { input }),
  })

describe('a command of the system', () => {
  test('gives back its output byte for byte, its messages and its exit status', async () => {
    const bytes = Uint8Array.of(0, 0xff, 0x0a, 0xfe)
    const script = 'console.error("no"); process.stdin.pipe(process.stdout); process.exitCode = 3'
    expect(await node(script, bytes)).toEqual({ code: 3, stdout: bytes, stderr: 'no\n' })
  })

  test('may end without reading what it is given', async () => {
    expect(await node('process.stdin.destroy()', new Uint8Array(1 << 20))).toMatchObject({
      code: 0,
    })
  })

  test('speaks English', async () => {
    const { stdout } = await node('process.stdout.write(process.env.LC_ALL)')
    expect(Buffer.from(stdout).toString()).toBe('C')
  })

  test('that is not there has no exit status', async () => {
    const command = { program: 'there-is-no-such-program', words: [] }
    expect(await executeOnSystem(command)).toMatchObject({ code: undefined })
  })
})

describe('the facility', () => {
  test.each([
    ['win32', 'task-scheduler'],
    ['darwin', 'launchd'],
    ['freebsd', 'cron'],
  ] as const)('of %s is %s', async (platform, name) => {
    expect(await chooseFacility(platform, undefined)).toMatchObject({ name })
  })

  test('can be named where the system has it, and is refused elsewhere', async () => {
    expect(await chooseFacility('linux', 'cron')).toMatchObject({ name: 'cron' })
    expect(await chooseFacility('linux', 'systemd')).toMatchObject({ name: 'systemd' })
    await expect(chooseFacility('linux', 'launchd')).rejects.toMatchObject({
      code: 'usage',
      hint: 'It can be: systemd, cron, daemon.',
    })
  })

  test('of every name is somewhere', () => {
    const platforms = ['linux', 'darwin', 'win32'] as const
    const names = platforms.flatMap((platform) => facilitiesOf(platform).map(({ name }) => name))
    expect(new Set(names)).toEqual(new Set(facilityNames))
  })
})
