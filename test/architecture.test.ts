/** Imports point down; what a vault runs can reach no key, no chunker and no repository. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../src')

/** Each home and the homes it may import from, besides itself. The order is the order of the layers. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  policy: ['base', 'model'],
  chunker: ['base', 'model'],
  'crypto/primitives': ['base', 'model'],
  crypto: ['base', 'model', 'crypto/primitives'],
  protocol: ['base', 'model'],
  config: ['base', 'model', 'policy'],
  workers: ['base', 'model'],
  repository: [
    'base',
    'model',
    'policy',
    'chunker',
    'crypto',
    'crypto/primitives',
    'protocol',
    'config',
    'workers',
  ],
  agent: [
    'base',
    'model',
    'policy',
    'chunker',
    'crypto',
    'crypto/primitives',
    'protocol',
    'config',
    'workers',
    'repository',
  ],
  vault: ['base', 'model', 'policy', 'crypto/primitives', 'protocol', 'config', 'workers'],
  portal: ['base', 'model', 'protocol'],
  'cli/render': ['base', 'model', 'config'],
  'cli/agent': ['*'],
  'cli/vault': ['base', 'model', 'policy', 'protocol', 'config', 'vault', 'portal', 'cli/render'],
  cli: ['*'],
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith(join('chunker', 'kernel')))
  .map((file) => join(root, file))

const homes = Object.keys(mayImport).sort((a, b) => b.length - a.length)

function homeOf(file: string): string {
  const place = relative(root, file)
  const home = homes.find((name) => place.startsWith(`${name}/`))
  if (home === undefined) throw new Error(`${place} has no home in the table`)
  return home
}

/** Relative imports of a file, as absolute paths; `import type` counts too. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
  return found.map((match) => resolve(dirname(file), match[1] ?? ''))
}

/** Everything that a file reaches at run time, itself included. */
function reachedFrom(start: string, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen
  seen.add(start)
  importsOf(start).forEach((file) => reachedFrom(file, seen))
  return seen
}

describe('architecture', () => {
  it.each(files.map((file) => [relative(root, file), file]))(
    '%s imports only downwards',
    (_, file) => {
      const allowed = mayImport[homeOf(file)] ?? []
      if (allowed.includes('*')) return
      const wrong = importsOf(file)
        .filter((target) => homeOf(target) !== homeOf(file) && !allowed.includes(homeOf(target)))
        .map((target) => relative(root, target))
      expect(wrong).toEqual([])
    },
  )

  it('the vault reaches no key hierarchy, no chunker, no repository and no agent', () => {
    const starts = files.filter((file) => ['vault', 'cli/vault'].includes(homeOf(file)))
    expect(starts.length).toBeGreaterThan(0)
    const reached = new Set(starts.flatMap((file) => [...reachedFrom(file)]).map(homeOf))
    for (const home of ['crypto', 'chunker', 'repository', 'agent']) {
      expect([...reached]).not.toContain(home)
    }
  })

  it('only crypto/primitives calls ciphers of node:crypto', () => {
    const callers = files.filter((file) =>
      /create(Cipher|Decipher)iv/.test(readFileSync(file, 'utf8')),
    )
    expect(callers.map((file) => homeOf(file))).toEqual(['crypto/primitives'])
  })

  it('has no cycles', () => {
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) {
        cycles.push(
          [...path.slice(path.indexOf(file)), file].map((f) => relative(root, f)).join(' > '),
        )
        return
      }
      if (done.has(file)) return
      done.add(file)
      importsOf(file).forEach((target) => {
        visit(target, [...path, file])
      })
    }
    files.forEach((file) => {
      visit(file, [])
    })
    expect(cycles).toEqual([])
  })
})
