/** Data sets, made from a seed: the same bytes wherever the bench runs, but for `mixed`, which copies this machine's /usr. */

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** @typedef {{ name: string, build: (at: string, scale: number) => void, oneFile: (at: string) => string, change: (at: string) => void }} DataSet */

const megabyte = 1024 * 1024

/** xorshift32: fast, and the same everywhere. */
function random(seed) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function noise(next, bytes) {
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let at = 0; at < words.length; at++) words[at] = next()
  return Buffer.from(words.buffer, 0, bytes)
}

/** Text-like: words of a small vocabulary, so that it compresses about as source code does. */
export function prose(seed, bytes) {
  const next = random(seed)
  const vocabulary = Array.from({ length: 2000 }, () =>
    next()
      .toString(36)
      .slice(0, 2 + (next() % 6)),
  )
  const parts = []
  for (let length = 0; length < bytes;) {
    const word = vocabulary[(next() % 2000) & (next() % 2000)] + (next() % 12 === 0 ? '\n' : ' ')
    parts.push(word)
    length += word.length
  }
  return Buffer.from(parts.join('').slice(0, bytes))
}

function smallFiles(at, { files, perFolder, bytesOf }) {
  const next = random(42)
  const text = prose(7, 4 * megabyte)
  for (let file = 0; file < files; file++) {
    const folder = join(
      at,
      `d${Math.floor(file / perFolder / 50)}`,
      `d${Math.floor(file / perFolder)}`,
    )
    if (file % perFolder === 0) mkdirSync(folder, { recursive: true })
    const bytes = bytesOf(next)
    const from = next() % (text.length - bytes)
    const unique = Buffer.from(`${file}\n`)
    writeFileSync(
      join(folder, `f${file}.txt`),
      Buffer.concat([unique, text.subarray(from, from + bytes)]),
    )
  }
}

function largeFile(path, bytes, seed) {
  const next = random(seed)
  const fd = openSync(path, 'w')
  for (let at = 0; at < bytes; at += megabyte)
    writeSync(fd, noise(next, Math.min(megabyte, bytes - at)))
  closeSync(fd)
}

/** Overwrites one part in a hundred, in one piece, in the middle. */
function overwrite(path, bytes, share) {
  const fd = openSync(path, 'r+')
  const length = Math.floor(bytes * share)
  writeSync(fd, noise(random(99), length), 0, length, Math.floor(bytes / 2))
  closeSync(fd)
}

function insert(path, bytes) {
  const whole = Buffer.alloc(bytes)
  const fd = openSync(path, 'r')
  for (let at = 0; at < bytes;)
    at += readSync(fd, whole, at, Math.min(256 * megabyte, bytes - at), at)
  closeSync(fd)
  const out = openSync(path, 'w')
  writeSync(out, whole.subarray(0, bytes / 2))
  writeSync(out, noise(random(98), megabyte))
  writeSync(out, whole.subarray(bytes / 2))
  closeSync(out)
}

/** Appends a line to one file in a hundred. */
function touchSome(at, files, perFolder) {
  for (let file = 0; file < files; file += 100) {
    const folder = join(
      at,
      `d${Math.floor(file / perFolder / 50)}`,
      `d${Math.floor(file / perFolder)}`,
    )
    writeFileSync(join(folder, `f${file}.txt`), 'changed\n', { flag: 'a' })
  }
}

const small = { files: 46_000, perFolder: 20, bytesOf: (next) => 200 + (next() % 20_000) }
const tiny = { files: 1_000_000, perFolder: 50, bytesOf: (next) => 10 + (next() % 100) }

/** @type {DataSet[]} */
export const dataSets = [
  {
    name: 'small',
    build: (at, scale) => smallFiles(at, { ...small, files: small.files * scale }),
    oneFile: (at) => join(at, 'd0', 'd3', 'f70.txt'),
    change: (at, scale) => touchSome(at, small.files * scale, small.perFolder),
  },
  {
    name: 'mixed',
    build: (at, scale) => copyUsr(at, scale),
    oneFile: (at) => join(at, 'f0.txt'),
    change: (at) => writeFileSync(join(at, 'f0.txt'), 'changed\n', { flag: 'a' }),
  },
  {
    name: 'incompressible',
    build: (at, scale) => largeFile(join(at, 'noise'), 2048 * megabyte * scale, 5),
    oneFile: (at) => join(at, 'noise'),
    change: (at, scale) => overwrite(join(at, 'noise'), 2048 * megabyte * scale, 0.001),
  },
  {
    name: 'overwritten',
    build: (at, scale) => largeFile(join(at, 'image'), 1024 * megabyte * scale, 6),
    oneFile: (at) => join(at, 'image'),
    change: (at, scale) => overwrite(join(at, 'image'), 1024 * megabyte * scale, 0.01),
  },
  {
    name: 'inserted',
    build: (at, scale) => largeFile(join(at, 'image'), 1024 * megabyte * scale, 8),
    oneFile: (at) => join(at, 'image'),
    change: (at, scale) => insert(join(at, 'image'), 1024 * megabyte * scale),
  },
  {
    name: 'million',
    build: (at, scale) => smallFiles(at, { ...tiny, files: tiny.files * scale }),
    oneFile: (at) => join(at, 'd0', 'd3', 'f170.txt'),
    change: (at, scale) => touchSome(at, tiny.files * scale, tiny.perFolder),
  },
]

/** Parts of /usr up to 4 GB, and one file of our own to change; without /usr, small files again. */
function copyUsr(at, scale) {
  writeFileSync(join(at, 'f0.txt'), prose(3, 100_000))
  let left = 4096 * megabyte * scale
  for (const part of ['share', 'include', 'bin', 'lib'].map((name) => `/usr/${name}`)) {
    if (!existsSync(part) || left <= 0) continue
    const bytes = Number(execFileSync('du', ['-sb', part]).toString().split('\t')[0])
    if (bytes > left) continue
    execFileSync('cp', ['-a', part, at])
    left -= bytes
  }
}

/** Makes the set in an empty directory. */
export function build(set, at, scale) {
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at, { recursive: true })
  set.build(at, scale)
}
