/**
 * `npm run bench:churn [-- --days N --every N]`
 *
 * Years of simulated churn and a run a week, real runs over small files into a vault in memory that collects at once: with and without
 * compaction, under retention that holds points for years and under one that does not.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createServer } from 'vite'

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '1461' },
    every: { type: 'string', default: '7' },
  },
})
const [days, every] = [Number(values.days), Number(values.every)]

const server = await createServer({
  root: join(import.meta.dirname, '..'),
  ...{ appType: 'custom', logLevel: 'error', configFile: false },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
})
const { churn } = await server.ssrLoadModule('/test/support/churn.ts')
console.log(
  '| yearly points | compaction | stored ÷ needed | sent | of that carried | data packs |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const yearly of [10, null]) {
  for (const compacts of [false, true]) {
    const directory = mkdtempSync(join(tmpdir(), 'backup-churn-'))
    try {
      const result = await churn({ directory, days, every, compacts, yearly })
      console.log(rowOf({ yearly, compacts, ...result }))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}
await server.close()

function rowOf({ yearly, compacts, storedBytes, neededBytes, sentBytes, carriedBytes, packs }) {
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const share = `${((carriedBytes / sentBytes) * 100).toFixed(1)} %`
  const cells = [
    yearly === null ? 'none' : `10 years`,
    compacts ? 'weekly' : 'off',
    (storedBytes / neededBytes).toFixed(2),
    mebibytes(sentBytes),
    share,
    packs,
  ]
  return `| ${cells.join(' | ')} |`
}
