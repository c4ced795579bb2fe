/** A real proxy on loopback that wants a user and a password: squid, with all that it keeps in a folder of its own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { closedPort } from './hostile-servers.ts'
import { scratchDirectory } from './scratch.ts'
import { runTool } from './tool.ts'

export interface Squid {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** What it has done so far. */
  log(): readonly Passed[]
  stop(): Promise<void>
}

export interface Passed {
  /** Like `TCP_TUNNEL/200`. */
  readonly result: string
  /** To the client. */
  readonly sizeBytes: number
  readonly method: string
  readonly target: string
  readonly user: string
}

export interface Account {
  readonly user: string
  readonly password: string
}

export async function startSquid(account: Account): Promise<Squid> {
  const folder = scratchDirectory()
  const port = await closedPort()
  await prepare(folder, { ...account, port })
  const words = ['-N', '-f', join(folder, 'squid.conf')]
  const child = spawn('/usr/sbin/squid', words, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  onTestFinished(stop)
  await expect.poll(() => isOpen(port), { timeout: 30_000 }).toBe(true)
  return { url: `http://127.0.0.1:${port}`, log: () => readLog(join(folder, 'access.log')), stop }
}

async function prepare(
  folder: string,
  { port, user, password }: Account & { readonly port: number },
): Promise<void> {
  const accounts = await runTool('htpasswd', ['-nbB', user, password])
  expect(accounts.code, accounts.stderr).toBe(0)
  writeFileSync(join(folder, 'accounts'), accounts.stdout)
  writeFileSync(join(folder, 'squid.conf'), configuration(folder, port))
  if (process.getuid?.() === 0) await giveTo('proxy', folder)
}

const configuration = (folder: string, port: number): string => `
http_port 127.0.0.1:${port}
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${folder}/accounts
auth_param basic utf8 on
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
access_log stdio:${folder}/access.log
cache_log ${folder}/cache.log
coredump_dir ${folder}
pid_filename none
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
`

/** As root, squid runs as that user. */
async function giveTo(user: string, folder: string): Promise<void> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((what) => runTool('id', [what, user])))
  chownSync(folder, Number(uid?.stdout), Number(gid?.stdout))
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function readLog(path: string): Passed[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines
    .map((line) => line.trim().split(/\s+/))
    .map(([, , , result = '', size, method = '', target = '', user = '']) => ({
      ...{ result, method, target, user },
      sizeBytes: Number(size),
    }))
    .filter(({ result }) => result !== 'NONE_NONE/000')
}
