/** Whole commands, measured: wall, CPU and peak memory, by measure.py; a server beside them by /proc. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const script = join(import.meta.dirname, 'measure.py')

/**
 * @param {string[]} command
 * @param {{ env?: Record<string, string>, cwd?: string }} [options]
 * @returns {Promise<{ wallSeconds: number, cpuSeconds: number, peakBytes: number, stdout: string }>}
 * Rejects when the command exits with anything but 0: such a row is void.
 */
export async function measure(command, { env = {}, cwd } = {}) {
  const child = spawn('python3', [script, ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  })
  const [stdout, stderr, report] = await Promise.all(
    [child.stdout, child.stderr, child.stdio[3]].map(textOf),
  )
  const { code, ...usage } = JSON.parse(report)
  if (code !== 0) {
    throw new Error(`${command.slice(0, 3).join(' ')} ended with ${code}: ${stderr.slice(-500)}`)
  }
  return { ...usage, stdout }
}

async function textOf(stream) {
  let text = ''
  for await (const part of stream) text += part
  return text
}

const ticksPerSecond = 100

/** What a running process has used so far. Linux only; zeros elsewhere. */
export function usageOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      peakBytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
    }
  } catch {
    return { cpuSeconds: 0, peakBytes: 0 }
  }
}
