/** Peers on local repositories on the same disk, zstd at level 3 where it can be said, their caches in their own place and kept between commands. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measure } from '../measure.js'

/** @param {{ name: string, versionWords: string[], env: (at: string) => Record<string, string>, init: string[][], backup: (folder: string) => string[], restoreAll: (out: string) => string[], restoreOne: (path: string) => string[] }} peer */
function peer({ name, versionWords, env, init, backup, restoreAll, restoreOne }) {
  return {
    name,
    version: () => execFileSync(name, versionWords).toString().trim().split('\n')[0],
    open: async (at, folder) => {
      mkdirSync(at, { recursive: true })
      writeFileSync(join(at, 'passphrase'), 'a passphrase for the bench\n')
      const own = env(at)
      let count = 0
      const fill = (words, out) =>
        words.map((word) =>
          word
            .replace('@out', out ?? '')
            .replace('@name', `point-${count}`)
            .replace('@at', at),
        )
      const run = (words, out) => {
        if (out !== undefined) mkdirSync(out, { recursive: true })
        return measure([name, ...fill(words, out)], { env: own, cwd: out })
      }
      for (const words of init) await run(words)
      return {
        backup: () => {
          count++
          return run(backup(folder))
        },
        restoreAll: (out) => run(restoreAll(out), out),
        restoreOne: (out, path) => run(restoreOne(path), out),
        repository: join(at, 'repository'),
        close: async () => {
          rmSync(at, { recursive: true, force: true })
        },
      }
    },
  }
}

const restic = peer({
  name: 'restic',
  versionWords: ['version'],
  env: (at) => ({
    RESTIC_REPOSITORY: join(at, 'repository'),
    RESTIC_PASSWORD_FILE: join(at, 'passphrase'),
    RESTIC_CACHE_DIR: join(at, 'cache'),
  }),
  init: [['init', '--repository-version', '2']],
  backup: (folder) => ['backup', '--quiet', '--compression', 'auto', folder],
  restoreAll: () => ['restore', 'latest', '--target', '@out'],
  restoreOne: (path) => ['restore', 'latest', '--target', '@out', '--include', path],
})

const borg = peer({
  name: 'borg',
  versionWords: ['--version'],
  env: (at) => ({
    BORG_REPO: join(at, 'repository'),
    BORG_PASSPHRASE: 'a passphrase for the bench',
    BORG_BASE_DIR: join(at, 'cache'),
  }),
  init: [['init', '--encryption=repokey']],
  backup: (folder) => ['create', '--compression', 'zstd,3', '::@name', folder],
  restoreAll: () => ['extract', '::@name'],
  restoreOne: (path) => ['extract', '::@name', path.slice(1)],
})

const kopia = peer({
  name: 'kopia',
  versionWords: ['--version'],
  env: (at) => ({
    KOPIA_PASSWORD: 'a passphrase for the bench',
    KOPIA_CONFIG_PATH: join(at, 'kopia.config'),
    KOPIA_CACHE_DIRECTORY: join(at, 'cache'),
    KOPIA_LOG_DIR: join(at, 'log'),
    KOPIA_CHECK_FOR_UPDATES: 'false',
  }),
  init: [
    ['repository', 'create', 'filesystem', '--path', '@at/repository'],
    ['policy', 'set', '--global', '--compression', 'zstd'],
  ],
  backup: (folder) => ['snapshot', 'create', folder],
  restoreAll: () => ['snapshot', 'restore', 'latest', '@out'],
  restoreOne: (path) => ['snapshot', 'restore', path, '@out'],
})

const rustic = peer({
  name: 'rustic',
  versionWords: ['--version'],
  env: (at) => ({
    RUSTIC_REPOSITORY: join(at, 'repository'),
    RUSTIC_PASSWORD_FILE: join(at, 'passphrase'),
    RUSTIC_CACHE_DIR: join(at, 'cache'),
  }),
  init: [['init']],
  backup: (folder) => ['backup', folder],
  restoreAll: () => ['restore', 'latest', '@out'],
  restoreOne: (path) => ['restore', `latest:${path}`, '@out'],
})

/** Those that are on PATH. */
export const foundPeers = () =>
  [restic, borg, kopia, rustic].filter((each) => {
    try {
      each.version()
      return true
    } catch {
      return false
    }
  })
