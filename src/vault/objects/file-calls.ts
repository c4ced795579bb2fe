/** The calls that durability rests on, one by one, so that a test can watch their order and let each of them fail. */

import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { systemCodeOf } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'

export interface NewFile {
  write(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export interface FileCalls {
  /** Fails if the name is taken. */
  createFile(path: string): Promise<NewFile>
  /** Fails with EEXIST if the new name is taken. */
  link(path: string, newPath: string): Promise<void>
  rename(path: string, newPath: string): Promise<void>
  /** Nothing there is fine. */
  remove(path: string): Promise<void>
  /** With parents; one that is there is fine. */
  makeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
}

export const nodeFileCalls: FileCalls = {
  createFile: async (path) => {
    const handle = await open(path, 'wx', 0o600)
    return {
      write: async (bytes) => {
        for (let at = 0; at < bytes.length;) {
          at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
        }
      },
      sync: () => handle.sync(),
      close: () => handle.close(),
    }
  },
  link,
  rename,
  remove: (path) => rm(path, { force: true }),
  makeDirectory: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  syncDirectory,
}

/** After a name has gone: another process that removed the last name of the folder may have taken the folder too. */
export async function syncIfThere(calls: FileCalls, path: string): Promise<void> {
  try {
    await calls.syncDirectory(path)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}
