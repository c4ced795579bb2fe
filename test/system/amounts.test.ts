/** What a run sends of a large file that changed a little. */

import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp, expectRestored, mebibyte } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'

const fileBytes = 1024 * mebibyte
const blockBytes = 16 * mebibyte

function writeLarge(path: string): void {
  const file = openSync(path, 'wx')
  for (let at = 0; at < fileBytes; at += blockBytes) {
    writeSync(file, pseudoRandomBytes(`block ${at}`, blockBytes))
  }
  closeSync(file)
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

/** `at` is a whole number of blocks. */
function insert(path: string, at: number, bytes: Uint8Array): void {
  const shorter = `${path}-shorter`
  renameSync(path, shorter)
  const [from, to] = [openSync(shorter, 'r'), openSync(path, 'wx')]
  const block = new Uint8Array(blockBytes)
  for (let read = 0; read < fileBytes; read += blockBytes) {
    if (read === at) writeSync(to, bytes)
    readSync(from, block)
    writeSync(to, block)
  }
  closeSync(from)
  closeSync(to)
  rmSync(shorter)
}

describe('a file of 1 GiB', () => {
  it('is sent once, and then as far as it changed', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    const file = join(folder, 'large')
    const sent = async () => (await backUp(machine)).summary.bytesSent
    writeLarge(file)
    await machine.backup('policy', 'include', folder)
    expect(await sent()).toBeGreaterThan(fileBytes)
    expect(await sent()).toBeLessThanOrEqual(64 * 1024)

    const hundredth = Math.ceil(fileBytes / 100)
    overwrite(file, 7 * hundredth, pseudoRandomBytes('overwritten', hundredth))
    expect(await sent()).toBeLessThanOrEqual(2 * hundredth)

    insert(file, fileBytes / 2, pseudoRandomBytes('inserted', mebibyte))
    expect(await sent()).toBeLessThanOrEqual(4 * mebibyte)
    await expectRestored(machine, folder)
  })
})
