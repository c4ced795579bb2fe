/**
 * `npm run bench:micro`: the rate of each stage by itself, and which share of what they allow together a first backup of
 * the small files reaches: (the sum over the stages of agent and vault of amount ÷ rate) ÷ cores ÷ wall seconds.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, dataSets, prose } from '../data.js'
import { ours } from '../peers/ours.js'
import { stagesOf } from './stages.js'

const megabyte = 1024 * 1024
const gigabytes = (rate) => `${(rate / 1e9).toFixed(2)} GB/s`
const small = dataSets.find(({ name }) => name === 'small')
const scratch = mkdtempSync(join(tmpdir(), 'backup-bench-'))

try {
  const folder = join(scratch, 'data')
  const text = prose(7, 16 * megabyte)
  build(small, folder, 1)
  const stages = await stagesOf({ text, folder, scratch })
  for (const { name, per, rate } of stages) {
    console.log(name.padEnd(12), per === 'file' ? `${Math.round(rate)} items/s` : gigabytes(rate))
  }
  const { run, amounts } = await firstBackup(folder)
  const needed = stages.reduce((sum, { per, rate }) => sum + amounts[per] / rate, 0)
  const bound = needed / availableParallelism()
  console.log(
    `\nfirst backup of ${amounts.file} files, ${gigabytes(amounts.read / run.wallSeconds)}:`,
    `${run.wallSeconds.toFixed(2)} s; the stages alone ${bound.toFixed(2)} s on ${availableParallelism()} cores:`,
    `${Math.round((100 * bound) / run.wallSeconds)} % of the limit`,
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function firstBackup(folder) {
  const opened = await ours.open(join(scratch, 'ours'), folder)
  try {
    const run = await opened.backup()
    const { files, bytesRead } = run.summary
    return { run, amounts: { file: files, read: bytesRead, stored: run.sentBytes } }
  } finally {
    await opened.close()
  }
}
