/** Builds dist/ before the tests where it is missing or older than src/: real threads and the commands run from there. */

import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const kernelFolder = join('chunker', 'kernel')

export function setup(): void {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const kernel = sources.filter((file) => file.startsWith(`${kernelFolder}/`))
  if (kernel.some((file) => isOlder(join('chunker', 'gear64.wasm'), file))) {
    run('asc', 'src/chunker/kernel/gear64.ts', '--config', 'src/chunker/kernel/asconfig.json')
  }
  const scripts = sources.filter((file) => /(?<!\.d)\.ts$/.test(file) && !kernel.includes(file))
  if (scripts.some((file) => isOlder(file.replace(/\.ts$/, '.js'), file))) {
    // Types are the business of `npm run typecheck`.
    run('tsc', '-p', 'tsconfig.build.json', '--noCheck')
  }
}

function isOlder(built: string, source: string): boolean {
  const builtFacts = statSync(join(root, 'dist', built), { throwIfNoEntry: false })
  return (builtFacts?.mtimeMs ?? 0) < statSync(join(root, 'src', source)).mtimeMs
}

function run(tool: string, ...options: readonly string[]): void {
  const name = process.platform === 'win32' ? `${tool}.cmd` : tool
  execFileSync(join(root, 'node_modules', '.bin', name), options, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}
