/** Years of a folder that changes each day, backed up now and then: what the vault keeps beside what its newest point needs. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultChunkerParameters } from '../../src/chunker/parameters.ts'
import { dayMs } from '../../src/base/clock.ts'
import { defaultRetention } from '../../src/policy/retention.ts'
import { createAgentRuns } from './agent-runs.ts'
import { pseudoRandomBytes } from './pseudo-random.ts'

export interface ChurnOptions {
  /** A scratch directory. */
  readonly directory: string
  readonly days: number
  /** Days from one run to the next. */
  readonly every: number
  readonly compacts: boolean
  /** For how many years a yearly point is kept; null: there is none. */
  readonly yearly: number | null
}

export interface ChurnResult {
  readonly storedBytes: number
  /** What a vault with nothing but the newest content would keep. */
  readonly neededBytes: number
  readonly sentBytes: number
  readonly carriedBytes: number
  readonly packs: number
}

const fileCount = 300
const fileBytes = 6 * 1024

/** Each day one file in a hundred changes; each month one in ten. */
export async function churn(options: ChurnOptions): Promise<ChurnResult> {
  const folder = join(options.directory, 'data')
  const write = (file: number, seed: string) => {
    mkdirSync(join(folder, `${file % 12}`), { recursive: true })
    const path = join(folder, `${file % 12}`, `${file}`)
    writeFileSync(path, pseudoRandomBytes(`${file} ${seed}`, fileBytes))
  }
  for (let file = 0; file < fileCount; file++) write(file, 'first')
  const keep = { ...defaultRetention.keep, yearly: options.yearly }
  const runs = createAgentRuns({
    ...{ folder, state: join(options.directory, 'state') },
    retention: { ...defaultRetention, keep },
    chunker: defaultChunkerParameters,
  })
  let [sentBytes, carriedBytes] = [0, 0]
  for (let day = 0; day < options.days; day++) {
    if (day > 0) {
      for (const file of changedOn(day)) write(file, `${day}`)
    }
    runs.clock.add(dayMs)
    if (day % options.every !== 0) continue
    const { bytesSent, carried } = await runs.run({ compacts: options.compacts })
    sentBytes += bytesSent
    carriedBytes += carried?.fileBytes ?? 0
    const now = runs.clock.now()
    runs.vault.forget((_, untilMs) => untilMs <= now)
    await runs.vault.collect()
  }
  const packs = [...runs.vault.stored.values()].filter(({ kind }) => kind === 'data').length
  const storedBytes = runs.vault.storedBytes()
  return { storedBytes, neededBytes: fileCount * fileBytes, sentBytes, carriedBytes, packs }
}

function changedOn(day: number): number[] {
  const count = day % 30 === 0 ? fileCount / 10 : fileCount / 100
  const chances = Buffer.from(pseudoRandomBytes(`day ${day}`, count * 4))
  return Array.from({ length: count }, (_, at) => chances.readUInt32LE(at * 4) % fileCount)
}
