/**
 * A reader that was written from docs/format.md alone, in another language, finds what the agent has stored.
 * Needs python3 with python3-cryptography, python3-argon2 and python3-zstd, as .ci/run installs them.
 */

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { flipped } from '../support/damaged.ts'
import {
  copyGoldenVault,
  goldenExpectation,
  goldenVault,
  type GoldenPoint,
} from '../support/golden-vault.ts'
import { scratchDirectory } from '../support/scratch.ts'
import { listTree, type ListedEntry } from '../support/tree-listing.ts'

const golden = goldenExpectation()

/** The system's own: another one in the path would not have the packages. */
const python = '/usr/bin/python3'
const folder = resolve(import.meta.dirname, 'reader')

function runPython(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(python, ['-B', ...words], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status, stdout, stderr }
}

function read(vault: string, ...words: readonly string[]) {
  const options = ['--passphrase-file', goldenVault.passphraseFile]
  const ended = runPython(
    join(folder, 'read_vault.py'),
    ...[vault, ...options, '--authority', goldenVault.authorityFile, ...words],
  )
  const lines = ended.stdout.split('\n').filter((line) => line !== '')
  return { ...ended, values: lines.map((line) => JSON.parse(line) as unknown) }
}

/** The reader's list begins at the root; expected.json at the folder that was backed up. */
function belowFolder(entries: readonly ListedEntry[]): ListedEntry[] {
  const inside = `${golden.below}2f`
  return entries
    .filter(({ path }) => path === golden.below || path.startsWith(inside))
    .map(({ path, sameFileAs, ...entry }) => ({
      path: path.slice(inside.length),
      ...entry,
      ...(sameFileAs !== undefined && { sameFileAs: sameFileAs.slice(inside.length) }),
    }))
}

/** .ci/run installs them where it may. */
const hasPackages = runPython('-c', 'import argon2, cryptography, zstd').status === 0
const mayBeWithout = process.getuid?.() !== 0

describe.skipIf(mayBeWithout && !hasPackages)('a reader written from docs/format.md alone', () => {
  it('finds the points of the golden vault, and what was left out of them', () => {
    const { status, values, stderr } = read(goldenVault.vault, 'points')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const found = values as { seq: number; point: string; leftOut: [string, string][] }[]
    expect(
      found.map(({ seq, point, leftOut }) => ({
        ...{ seq, id: point },
        leftOut: leftOut.map(([path, reason]) => [path, reason]),
      })),
    ).toEqual(golden.points.map(({ seq, id, leftOut }) => ({ seq, id, leftOut })))
  })

  it.each(golden.points)('lists point $seq as it was, and cuts its files alike', (point) => {
    const { status, values, stderr } = read(
      goldenVault.vault,
      'list',
      `${point.seq}`,
      '--check-cuts',
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(belowFolder(values as ListedEntry[])).toEqual(point.entries)
  })

  it.each(golden.points)('restores point $seq as it was', ({ seq, entries }: GoldenPoint) => {
    const out = join(scratchDirectory(), 'out')
    expect(read(goldenVault.vault, 'restore', `${seq}`, out)).toMatchObject({
      status: 0,
      values: [],
    })
    expect(listTree(join(out, Buffer.from(golden.below, 'hex').toString()))).toEqual(entries)
  })

  it("reads the vault's own log", () => {
    const { status, values } = read(goldenVault.vault, 'log')
    expect(status).toBe(0)
    expect((values as { kind: string }[]).map(({ kind }) => kind)).toEqual([
      ...['address-set', 'address-set', 'vault-created'],
      ...['credential-issued', 'machine-registered', 'certificate-issued'],
    ])
  })

  it('refuses the golden vault with a flipped bit in any of its files', () => {
    const vault = copyGoldenVault(scratchDirectory())
    const root = join(vault, 'objects', 'vaults')
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    const accepted = files.filter((file) => {
      const bytes = readFileSync(file)
      writeFileSync(file, flipped(bytes, Math.floor(bytes.length / 2)))
      const { status, stderr } = read(vault, 'points')
      writeFileSync(file, bytes)
      return status !== 1 || !stderr.startsWith('refused: ')
    })
    expect(files.length).toBeGreaterThan(15)
    expect(accepted).toEqual([])
  })

  it('agrees with the vectors', () => {
    const { status, stdout } = runPython(join(folder, 'check_vectors.py'))
    expect(stdout).not.toContain('differs')
    expect(status).toBe(0)
  })
})
