/**
 * Watches one directory, not what is in its directories: chokidar follows names, so a directory that takes the name of
 * another would go on unwatched. Who calls this knows the tree and watches what comes anew.
 */

import { watch } from 'chokidar'

export interface DirectoryWatch {
  close(): Promise<void>
}

/** `name`: what in the directory it was about; undefined where the system does not say. */
export type HearChange = (kind: 'rename' | 'change', name: string | undefined) => void

export type WatchDirectory = (path: string, hear: HearChange) => Promise<DirectoryWatch>

/** Resolves once every later change is heard. Rejects with the system's error where it can not be watched. */
export const watchDirectory: WatchDirectory = (path, hear) =>
  new Promise((resolve, reject) => {
    const watcher = watch(path, {
      depth: 0,
      // Otherwise watches are shared by path, also with one that has outlived its directory.
      persistent: false,
      ignoreInitial: true,
      followSymlinks: false,
      // Names that look like an editor's files would go unheard.
      atomic: false,
      ignored: (candidate) => candidate !== path,
    })
    let failure: Error | undefined
    watcher.on('error', (error) => {
      failure ??= error instanceof Error ? error : new Error(String(error))
    })
    watcher.on('raw', (kind, name) => {
      hear(kind === 'change' ? 'change' : 'rename', typeof name === 'string' ? name : undefined)
    })
    watcher.once('ready', () => {
      const met = failure
      if (met === undefined) resolve({ close: () => watcher.close() })
      else void watcher.close().then(() => reject(met))
    })
  })
