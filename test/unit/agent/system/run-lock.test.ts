import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSystemCalls } from '../../../../src/agent/system/open.ts'
import { acquireLock } from '../../../../src/agent/system/run-lock.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const system = openSystemCalls()
const lockPath = () => join(scratchDirectory(), 'run.lock')

describe('the run lock', () => {
  it('is had by one at a time', () => {
    const path = lockPath()
    const first = acquireLock(system, path)
    expect(first).toBeDefined()
    expect(acquireLock(system, path)).toBeUndefined()
    first?.release()
    const second = acquireLock(system, path)
    expect(second).toBeDefined()
    first?.release()
    expect(acquireLock(system, path)).toBeUndefined()
    second?.release()
  })

  it.skipIf(process.platform === 'win32')('is in a file for its owner alone', () => {
    const path = lockPath()
    const lock = acquireLock(system, path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    lock?.release()
  })

  it('fails where its directory is missing', () => {
    expect(() => acquireLock(system, join(lockPath(), 'below'))).toThrow('ENOENT')
  })

  it('goes when the process that had it is killed', async () => {
    const path = lockPath()
    const holder = await holdElsewhere(path)
    expect(acquireLock(system, path)).toBeUndefined()
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = acquireLock(system, path)
    expect(lock).toBeDefined()
    lock?.release()
  })
})

/** Another process that has the lock. */
async function holdElsewhere(path: string) {
  const built = (name: string) =>
    JSON.stringify(
      pathToFileURL(resolve(import.meta.dirname, '../../../../dist/agent/system', name)).href,
    )
  const script = `
    const { openSystemCalls } = await import(${built('open.js')})
    const { acquireLock } = await import(${built('run-lock.js')})
    if (acquireLock(openSystemCalls(), ${JSON.stringify(path)})) console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  return holder
}
