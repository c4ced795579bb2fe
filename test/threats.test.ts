/** What docs/threats.md says is shown: each test that it names is there. And what it says of dependencies. */

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')

const page = read('docs/threats.md')
const named = [...page.matchAll(/^- `(test\/[^`]+)`: "(.+)"$/gm)].map(
  ([, file = '', name = '']) => ({ file, name }),
)

/** Sections that are of no attacker. */
const others = ['What is protected', 'Who sees what', 'Accepted']

describe('docs/threats.md', () => {
  it('names a test for each attacker', () => {
    const sections = page.split(/^## /m).slice(1)
    const titles = sections.map((section) => section.split('\n')[0] ?? '')
    expect(titles.length).toBeGreaterThan(8)
    const unshown = sections.filter((section) => !/^- `test\/[^`]+`: "/m.test(section))
    expect(unshown.map((section) => section.split('\n')[0])).toEqual(others)
  })

  it.each(named)('names a test that is there: $file, $name', ({ file, name }) => {
    expect(existsSync(resolve(root, file))).toBe(true)
    const text = read(file)
    const asWritten = [`'${name.replaceAll("'", "\\'")}'`, `'${name}'`, `"${name}"`]
    expect(asWritten.some((literal) => text.includes(literal))).toBe(true)
  })
})

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
}

const manifest = JSON.parse(read('package.json')) as Manifest
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>
}
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

describe('a dependency', () => {
  it('is named with its exact version, and locked with the hash of its archive', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect(packages.length).toBeGreaterThan(100)
    const unlocked = packages.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))
    expect(unlocked.map(([path]) => path)).toEqual([])
  })

  it('runs no script at installation but where that is said', () => {
    const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name])
    expect(allowed.sort()).toEqual(['keytar', 'zstd-napi'])
    expect(read('.npmrc')).toMatch(/engine-strict=true/)
  })
})
