/** A folder that is backed up, changed and compared: the same bytes for the same seed. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { compareTrees } from '../../src/agent/restore/compare.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import type { CommandMachine, Ended } from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'

export const mebibyte = 1024 * 1024

/** Writes a file of bytes that no compressor makes smaller. */
export function writeRandom(path: string, sizeBytes: number, seed = path): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, pseudoRandomBytes(seed, sizeBytes))
}

/** Runs a backup that has to make a point; what it says at its end. */
export async function backUp(machine: CommandMachine) {
  const ended = await machine.backup('run')
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 })
  return { ...ended, summary: summaryOf(ended) }
}

export interface RunSummary {
  readonly bytesRead: number
  readonly bytesSent: number
}

function summaryOf(ended: Ended): RunSummary {
  const summary = ended.event('summary')
  return {
    bytesRead: Number(summary?.['bytesRead']),
    bytesSent: Number(summary?.['bytesSent']),
  }
}

/** Restores the newest point: it holds the folder as it is now. */
export async function expectRestored(machine: CommandMachine, folder: string): Promise<void> {
  const to = await mkdtemp(`${folder}-restored-`)
  try {
    const restored = await machine.backup('restore', '--point', 'latest', '--to', to)
    expect(restored, restored.stdout + restored.stderr).toMatchObject({ code: 0 })
    const options = { system: systemCalls(), owners: process.getuid?.() === 0 }
    expect(await compareTrees(folder, join(to, folder), options)).toEqual([])
  } finally {
    await rm(to, { recursive: true })
  }
}

/** Reads every byte of the newest point, and finds nothing wrong. */
export async function expectSound(machine: CommandMachine): Promise<void> {
  const verified = await machine.backup('verify', '--read-data', '--point', 'latest')
  expect(verified, verified.stdout).toMatchObject({ code: 0 })
}
