/** Does what a plan says, step by step; the first step that fails ends it. */

import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { exists, makeDirectoryDurable, readBounded, replaceFile } from '../../base/files.ts'
import type { Execute, PlannedCommand } from './execute.ts'
import type { Plan, Step } from './facility.ts'

/** @throws BackupError `already-exists`, `file-unwritable`, `scheduler-refused` */
export async function carryOut(plan: Plan, execute: Execute): Promise<void> {
  for (const step of plan) await refuseForeign(step)
  for (const step of plan) await carryOutStep(step, execute)
}

async function carryOutStep(step: Step, execute: Execute): Promise<void> {
  switch (step.kind) {
    case 'write':
      return onDisk(step.path, async () => {
        await makeDirectoryDurable(dirname(step.path), 0o755)
        await replaceFile(step.path, step.bytes, 0o644)
      })
    case 'remove':
      return onDisk(step.path, () => rm(step.path, { force: true }))
    case 'run':
      return runCommand(step, execute)
  }
}

const maxFileBytes = 1024 * 1024

/** A file of that name that somebody else wrote stays as it is. */
async function refuseForeign(step: Step): Promise<void> {
  if (step.kind === 'run' || !(await exists(step.path))) return
  const bytes = Buffer.from(await readBounded(step.path, maxFileBytes))
  if (bytes.includes(step.mark)) return
  throw new BackupError('already-exists', `${step.path} was not written by this program.`, {
    hint: 'Move it away, or choose another facility by --with.',
  })
}

async function onDisk(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new BackupError('file-unwritable', `Cannot write ${path}: ${String(cause)}.`, { cause })
  }
}

async function runCommand(command: PlannedCommand, execute: Execute): Promise<void> {
  const { code, stderr } = await execute(command)
  if (code === 0 || command.mayFail === true) return
  const line = [command.program, ...command.words].join(' ')
  const why = code === undefined ? 'it can not be started' : stderr.trim() || `status ${code}`
  throw new BackupError('scheduler-refused', `${line}: ${why}`, {
    hint: 'Choose another facility by --with, or start by other means: backup run --if-due',
  })
}
