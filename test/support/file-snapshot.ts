/** What lies below a directory, as a value that tests compare. */

import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Path below the directory → type, mode and content; nothing where there is no directory. */
export function filesBelow(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {}
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(names.map((name) => [name, describe(join(directory, name))]))
}

/** The same of a machine's state, but for the log of its runs. */
export function stateBelow(directory: string): Record<string, string> {
  const all = Object.entries(filesBelow(directory))
  return Object.fromEntries(all.filter(([name]) => !/^log(\/|$)/.test(name)))
}

/** The same, with the times of modification. */
export function treeBelow(directory: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filesBelow(directory)).map(([name, text]) => {
      const { mtimeNs } = lstatSync(join(directory, name), { bigint: true })
      return [name, `${text} ${mtimeNs}`]
    }),
  )
}

function describe(path: string): string {
  const facts = lstatSync(path)
  const mode = (facts.mode & 0o7777).toString(8)
  if (facts.isSymbolicLink()) return `link to ${readlinkSync(path)}`
  if (!facts.isFile()) return `directory ${mode}`
  return `file ${mode} ${readFileSync(path).toString('base64')}`
}
