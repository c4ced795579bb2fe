/** Medians of the rounds, and the table of them. */

const median = (values) => {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  return known.length === 0 ? undefined : known[Math.floor(known.length / 2)]
}

const measures = ['wallSeconds', 'cpuSeconds', 'peakBytes', 'vaultPeakBytes', 'sentBytes']

/** One row for each thing that was done; none where all rounds are void. */
export function medianRow(set, contender, rounds) {
  if (rounds.length === 0) return []
  const jobs = Object.keys(rounds[0]).filter((key) => key !== 'repositoryBytes')
  return jobs.map((job) => ({
    ...{ set, contender, job },
    ...Object.fromEntries(
      measures.map((name) => [name, median(rounds.map((each) => each[job][name]))]),
    ),
    repositoryBytes:
      job === 'first' ? median(rounds.map((each) => each.repositoryBytes)) : undefined,
  }))
}

/** The fastest of the others at the same job. */
export function fastestPeer(rows, { job }, own) {
  const peers = rows.filter((row) => row.job === job && row.contender !== own)
  return peers.sort((a, b) => a.wallSeconds - b.wallSeconds)[0]
}

export function tableOf(set, rows, own) {
  const lines = rows.map((row) => {
    const best = row.contender === own ? fastestPeer(rows, row, own) : undefined
    return [
      row.job,
      row.contender,
      seconds(row.wallSeconds),
      best === undefined ? '' : (row.wallSeconds / best.wallSeconds).toFixed(2),
      seconds(row.cpuSeconds),
      megabytes(row.peakBytes),
      megabytes(row.repositoryBytes),
      megabytes(row.sentBytes),
    ]
  })
  lines.sort((a, b) => a[0].localeCompare(b[0]))
  const head = ['job', 'program', 'wall', '÷ best peer', 'cpu', 'peak MB', 'stored MB', 'sent MB']
  const widths = head.map((_, at) => Math.max(...[head, ...lines].map((line) => line[at].length)))
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd(),
  )
  return `\n${set}\n${text.join('\n')}`
}

const seconds = (value) => (value === undefined ? '' : `${value.toFixed(2)} s`)
const megabytes = (bytes) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(1))
