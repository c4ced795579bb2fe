/** This product over HTTPS: agent and vault both counted, the vault on the same machine and disk. */

import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { measure, usageOf } from '../measure.js'

const bin = (name) => resolve(import.meta.dirname, '../../bin', `${name}.js`)

export const ours = {
  name: 'backup',
  version: () => 'this tree',
  /** `via`: the port that the agent is to use instead of the vault's own. */
  open: async (at, folder, { via = (port) => port } = {}) => {
    const vaultDirectory = join(at, 'vault')
    const env = { BACKUP_STATE_DIR: join(at, 'state'), BACKUP_VAULT_DIR: vaultDirectory }
    const command = (program, ...words) => [process.execPath, bin(program), ...words]
    const quiet = (program, ...words) => measure(command(program, ...words, '--json'), { env })
    mkdirSync(at, { recursive: true })
    await quiet('backup-vault', 'init', '--address', 'localhost:9')
    const serving = await serve(
      command('backup-vault', 'serve', '--host', '127.0.0.1', '--port', '0', '--json'),
      env,
    )
    await quiet('backup-vault', 'vault', 'set-address', `127.0.0.1:${await via(serving.port)}`)
    await quiet('backup-vault', 'vault', 'create', 'home')
    const credential = join(at, 'credential')
    await quiet('backup-vault', 'credentials', 'home', '--out', credential)
    const passphrase = join(at, 'passphrase')
    writeFileSync(passphrase, 'a passphrase for the bench\n', { mode: 0o600 })
    await quiet(
      'backup',
      'register',
      '--vault-credentials',
      credential,
      '--passphrase-file',
      passphrase,
    )
    await quiet('backup', 'policy', 'include', folder)

    /** A command of the agent, with what the vault used meanwhile. */
    const both = async (...words) => {
      const before = usageOf(serving.pid)
      const agent = await quiet('backup', ...words)
      const after = usageOf(serving.pid)
      const summary = agent.stdout
        .split('\n')
        .filter((line) => line.includes('"summary"'))
        .map((line) => JSON.parse(line))[0]
      return {
        wallSeconds: agent.wallSeconds,
        cpuSeconds: agent.cpuSeconds + after.cpuSeconds - before.cpuSeconds,
        peakBytes: agent.peakBytes,
        vaultPeakBytes: after.peakBytes,
        sentBytes: summary?.bytesSent,
        summary,
      }
    }
    return {
      backup: () => both('run'),
      restoreAll: (out) => both('restore', '--point', 'latest', '--to', out),
      restoreOne: (out, path) => both('restore', '--point', 'latest', path, '--to', out),
      repository: vaultDirectory,
      close: async () => {
        await serving.stop()
        rmSync(at, { recursive: true, force: true })
      },
    }
  },
}

async function serve([program, ...words], env) {
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  })
  const closed = new Promise((done) => child.once('exit', done))
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, port } = JSON.parse(line)
    if (event !== 'listening') continue
    return { port, pid: child.pid, stop: () => (child.kill('SIGTERM'), closed) }
  }
  throw new Error('the vault did not start')
}
