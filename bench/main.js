/**
 * `npm run bench [-- --only SETS] [--rounds N] [--scale small|full] [--dir DIRECTORY] [--write]`
 *
 * This product over HTTPS beside its peers on local repositories, on the same data in one run, in turn. Prints medians and
 * the ratio to the fastest peer; `--write` keeps them as bench/results.json and docs/benchmarks.svg.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, dataSets } from './data.js'
import { ours } from './peers/ours.js'
import { foundPeers } from './peers/others.js'
import { pictureOf } from './picture.js'
import { medianRow, tableOf } from './table.js'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: 'full' },
    dir: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const scale = options.scale === 'small' ? 0.05 : 1
const rounds = Number(options.rounds)
const wanted =
  options.only?.split(',') ?? dataSets.map(({ name }) => name).filter((n) => n !== 'million')
const directory = options.dir ? resolve(options.dir) : mkdtempSync(join(tmpdir(), 'backup-bench-'))
const contenders = [ours, ...foundPeers()]

/** Each thing a contender does with one data set, in the order in which a user would. */
async function round(contender, set, folder) {
  const at = join(directory, contender.name)
  const results = {}
  const opened = await contender.open(at, folder)
  try {
    results.first = await opened.backup()
    results.repositoryBytes = bytesIn(opened.repository)
    await settle()
    results['no change'] = await opened.backup()
    set.change(folder, scale)
    results.changed = await opened.backup()
    results.restore = await opened.restoreAll(newOut())
    results['restore one'] = await opened.restoreOne(newOut(), set.oneFile(folder))
    return results
  } finally {
    await opened.close()
  }
}

/** Restored folders go when a set is done: ext4 is slow for minutes after many files were removed, and the next row would pay for it. */
const outs = join(directory, 'out')
let outCount = 0
const newOut = () => join(outs, String(outCount++))

/** What changed within two seconds of a run is not trusted by the next: none of the contenders is to pay for that. */
const settle = () => sleep(2500)

function bytesIn(path) {
  if (!existsSync(path)) return undefined
  return Number(execFileSync('du', ['-sb', path]).toString().split('\t')[0])
}

const rows = []
try {
  for (const set of dataSets.filter(({ name }) => wanted.includes(name))) {
    const taken = new Map(contenders.map((contender) => [contender, []]))
    for (let number = 0; number < rounds; number++) {
      for (const contender of contenders) {
        const folder = join(directory, 'data')
        mkdirSync(outs, { recursive: true })
        build(set, folder, scale)
        await settle()
        try {
          taken.get(contender).push(await round(contender, set, folder))
        } catch (error) {
          console.error(`${set.name}, ${contender.name}: void: ${error.message}`)
        }
      }
    }
    const medians = [...taken].flatMap(([{ name }, results]) => medianRow(set.name, name, results))
    rows.push(...medians)
    console.log(tableOf(set.name, medians, ours.name))
    rmSync(outs, { recursive: true, force: true })
  }
  if (options.write) {
    const versions = Object.fromEntries(contenders.map(({ name, version }) => [name, version()]))
    const root = resolve(import.meta.dirname, '..')
    writeFileSync(
      join(root, 'bench', 'results.json'),
      `${JSON.stringify({ versions, rounds, scale, rows }, null, 2)}\n`,
    )
    writeFileSync(join(root, 'docs', 'benchmarks.svg'), pictureOf(rows, ours.name))
  }
} finally {
  if (options.dir === undefined) rmSync(directory, { recursive: true, force: true })
}
