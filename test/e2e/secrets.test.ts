/** Passphrases and keys are in no output, log, argument, environment, nor anywhere at the vault, in whatever form. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { issuePin } from '../../src/vault/pins/issue-pin.ts'
import { startAgentVault } from '../support/agent-vault.ts'
import { bareMachine, registerMachine, testPassphrase, type Ended } from '../support/commands.ts'

const next = 'the next passphrase of horses'

const formsOf = (secret: Uint8Array): Buffer[] => {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const texts = [hex, hex.toUpperCase(), bytes.toString('base64').replace(/=+$/, '')]
  return [bytes, ...[...texts, bytes.toString('base64url')].map((text) => Buffer.from(text))]
}

/** What processes tell everybody about themselves, for as long as the command runs. */
async function watched(command: Promise<Ended>): Promise<{ ended: Ended; seen: Buffer }> {
  const seen: Buffer[] = []
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        for (const file of ['cmdline', 'environ']) {
          try {
            seen.push(readFileSync(join('/proc', pid, file)))
          } catch {
            // It has ended, or is another user's.
          }
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  const ended = await command
  over.abort()
  await watching
  return { ended, seen: Buffer.concat(seen) }
}

const filesOf = (folder: string): (readonly [string, Buffer])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)] as const)

describe.runIf(process.platform === 'linux')('passphrases and keys', () => {
  it('are told to nobody by register, run, change, wrong tries and recovery', async () => {
    const vault = await startAgentVault()
    const machine = bareMachine(vault.scratch, 'laptop')
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    const nextFile = join(vault.scratch, 'next')
    writeFileSync(nextFile, next, { mode: 0o600 })
    const said: Buffer[] = []
    const follow = async (command: Promise<Ended>, code: number): Promise<Ended> => {
      const { ended, seen } = await watched(command)
      expect(ended, ended.stdout).toMatchObject({ code })
      said.push(seen, Buffer.from(ended.stdout), Buffer.from(ended.stderr))
      return ended
    }

    const named = ['--name', 'laptop', '--verbose']
    await follow(registerMachine(machine, await vault.credential(), ...named), 0)
    await machine.backup('policy', 'include', folder)
    await follow(machine.backup('run', '--verbose'), 0)
    const change = ['passphrase', 'change', '--passphrase-file', nextFile]
    const asked = await follow(machine.backup(...change), 22)
    const code = String(asked.event('pin-required')?.['requestCode'])
    const { pin } = await issuePin(vault.service.vault, code)
    await follow(machine.backup(...change, '--pin', pin), 0)
    const verify = ['passphrase', 'verify', '--verbose', '--passphrase-file']
    await follow(machine.backup(...verify, machine.passphraseFile), 12)
    const spare = bareMachine(vault.scratch, 'spare')
    const recover = ['recover', '--vault-credentials', await vault.credential('laptop')]
    await follow(spare.backup(...recover, '--passphrase-file', nextFile), 0)

    const keyFile = join(machine.state, 'master.key')
    const key = Buffer.from(readFileSync(keyFile, 'ascii').trim(), 'hex')
    const passphrase = ['--passphrase-file', nextFile]
    await follow(machine.backup('key-store', 'harden', '--verbose', ...passphrase), 0)
    await follow(machine.backup('ls', 'latest', '--verbose', ...passphrase), 0)
    const secrets = [Buffer.from(testPassphrase), Buffer.from(next), key].flatMap(formsOf)
    const places = [
      ...said.map((bytes, at) => [`output ${at}`, bytes] as const),
      ...filesOf(vault.service.directory),
      ...filesOf(machine.state),
    ]
    expect(key).toHaveLength(32)
    expect(places.length).toBeGreaterThan(30)
    const found = places.filter(([, bytes]) => secrets.some((secret) => bytes.includes(secret)))
    expect(found.map(([path]) => path)).toEqual([])
  }, 180_000)

  it('go into no core file: there is none, and a crash handler gets nothing', () => {
    const script = `
      import { createRequire } from 'node:module'
      import { readFileSync } from 'node:fs'
      import { forbidCoreFiles } from '${resolve('dist/agent/system/no-core-files.js')}'
      const libc = createRequire('${resolve('package.json')}')('koffi').load('libc.so.6')
      const prctl = libc.func('int prctl(int option, uint64_t, uint64_t, uint64_t, uint64_t)')
      forbidCoreFiles(process.platform)
      const limits = readFileSync('/proc/self/limits', 'ascii')
      console.log(prctl(3, 0, 0, 0, 0), /^Max core file size +(\\S+) +(\\S+)/m.exec(limits).slice(1))`
    const words = ['--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe("0 [ '0', '0' ]\n")
  })
})
