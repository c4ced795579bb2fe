/**
 * Names that files have until they are whole, and which of those that lie in a target nobody works on any more. A name
 * tells the process that made it; one of another machine, or of a container beside this one, is never taken for dead.
 */

import { readFileSync, readlinkSync, type BigIntStats } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { bufferOf, toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'

/** Where a process runs. */
export interface ProcessPlace {
  /** The machine, and what its process numbers count for. */
  readonly machine: string
  /** How often it was started, as far as that can be told; by name, not in order. */
  readonly boot: string
  readonly bootedMs: number
  readonly pid: number
}

export function ownPlace(nowMs: number): ProcessPlace {
  const numbers = orEmpty(() => readlinkSync('/proc/self/ns/pid'))
  const machine = `${textOf('/etc/machine-id')}\n${hostname()}\n${numbers}`
  const boot = textOf('/proc/sys/kernel/random/boot_id')
  return {
    ...{ machine: shortened(machine), boot: shortened(boot) },
    ...{ bootedMs: nowMs - uptime() * 1000, pid: process.pid },
  }
}

/** Another one each time. */
export function temporaryNames(random: RandomBytes, { machine, boot, pid }: ProcessPlace) {
  const own = toHex(random(8))
  let count = 0
  return (): Uint8Array => utf8(`.restore-${machine}-${boot}-${pid}-${own}-${count++}.tmp`)
}

/** Whether the file is what a restore by this user left behind when it was killed. */
export function isDeadTemporary(name: Uint8Array, facts: BigIntStats, here: ProcessPlace): boolean {
  const match = pattern.exec(bufferOf(name).toString('latin1'))
  if (match === null || !facts.isFile() || !isOwn(facts)) return false
  const [, machine, boot, pid] = match
  if (machine !== here.machine) return false
  if (boot !== here.boot) return Number(facts.mtimeMs) < here.bootedMs - clockLeewayMs
  return Number(pid) !== here.pid && !isRunning(Number(pid))
}

const pattern = /^\.restore-([0-9a-f]{12})-([0-9a-f]{12})-([1-9]\d{0,9})-[0-9a-f]{16}-\d+\.tmp$/

const clockLeewayMs = 60_000

const isOwn = ({ uid }: BigIntStats): boolean => {
  const own = process.geteuid?.()
  return own === undefined || uid === BigInt(own)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCodeOf(error) !== 'ESRCH'
  }
}

const shortened = (text: string): string => toHex(sha256(utf8(text))).slice(0, 12)

const textOf = (file: string): string => orEmpty(() => readFileSync(file, 'utf8'))

function orEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
