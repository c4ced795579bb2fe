/** Bars of wall time, a group for each data set and job, as SVG. */

const barHeight = 14
const left = 190
const width = 760

export function pictureOf(rows, own) {
  const groups = grouped(rows)
  const longest = Math.max(...rows.map(({ wallSeconds }) => wallSeconds))
  const parts = []
  let y = 10
  for (const [name, group] of groups) {
    parts.push(`<text x="8" y="${y + 11}" font-weight="bold">${name}</text>`)
    for (const { contender, wallSeconds } of group) {
      const length = Math.max(1, ((width - left - 70) * wallSeconds) / longest)
      const color = contender === own ? '#1b6ca8' : '#b8b8b8'
      parts.push(
        `<text x="${left - 6}" y="${y + 11}" text-anchor="end">${contender}</text>`,
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight - 3}" fill="${color}"/>`,
        `<text x="${(left + length + 5).toFixed(1)}" y="${y + 11}">${wallSeconds.toFixed(2)} s</text>`,
      )
      y += barHeight
    }
    y += 10
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" font-family="sans-serif" font-size="11">
<title>Wall time in seconds, less is better</title>
<rect width="100%" height="100%" fill="white"/>
${parts.join('\n')}
</svg>
`
}

const groupName = ({ set, job }) => `${set}: ${job}`

function grouped(rows) {
  const groups = new Map()
  for (const row of rows) groups.set(groupName(row), [...(groups.get(groupName(row)) ?? []), row])
  return groups
}
