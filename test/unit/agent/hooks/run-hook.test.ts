import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { runHook } from '../../../../src/agent/hooks/run-hook.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const env = { PATH: process.env['PATH'] }
const hook = (run: string, timeLimitMs = 60_000) => runHook({ run, timeLimitMs }, env)

/** Not gone, and no corpse that its parent has not looked at yet. */
const isAlive = (pid: number): boolean => {
  const [state = ''] = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)]).stdout.toString()
  return state !== '' && state !== 'Z'
}

describe.skipIf(process.platform === 'win32')('a hook', () => {
  it('is what the shell makes of it, with the environment that it is given', async () => {
    const ended = await runHook(
      { run: 'echo "$FACT" | tr a-z A-Z; env | wc -l >&2', timeLimitMs: 60_000 },
      { ...env, FACT: 'said' },
    )
    expect(ended.failure).toBeUndefined()
    expect(ended.tail).toContain('SAID')
  })

  it('that fails is told with its status and the last that it wrote', async () => {
    expect(await hook('echo out; echo err >&2; exit 3')).toEqual({
      failure: 'ended with 3',
      tail: expect.stringMatching(/out\nerr|err\nout/) as string,
    })
    const { tail } = await hook('head -c 100000 /dev/zero | tr "\\0" x; echo end; exit 1')
    expect(tail).toHaveLength(4096 - 1)
    expect(tail.endsWith('xend')).toBe(true)
    expect((await hook('kill -9 $$')).failure).toBe('was ended by SIGKILL')
  })

  it('is not waited for by what it left in the background', async () => {
    const file = join(scratchDirectory(), 'pid')
    expect(await hook(`sleep 300 & echo $! > ${file}`)).toEqual({ failure: undefined, tail: '' })
    const pid = Number(readFileSync(file, 'utf8'))
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  it('ends with its time, and all that it started', async () => {
    const file = join(scratchDirectory(), 'pids')
    const running = hook(
      `trap "" TERM; sleep 300 & echo $! > ${file}; echo $$ >> ${file}; wait; sleep 300`,
      1500,
    )
    await vi.waitFor(() => expect(existsSync(file)).toBe(true))
    expect(await running).toMatchObject({ failure: 'took longer than it may' })
    const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number)
    expect(pids).toHaveLength(2)
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]))
  }, 60_000)
})
