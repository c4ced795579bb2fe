/** The files that hold what a machine keeps of a repository's key. Each repository has its own: a rotation changes over in one step. */

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { destroySecretFile } from '../../base/secret-files.ts'
import { exists } from '../../base/files.ts'

export interface KeyFiles {
  readonly masterKey: string
  readonly slotCopy: string
  readonly configCopy: string
}

export function keyFilesOf(directory: string, repository: number): KeyFiles {
  const suffix = repository === 0 ? '' : `-${repository}`
  return {
    masterKey: join(directory, `master${suffix}.key`),
    slotCopy: join(directory, `slot${suffix}`),
    configCopy: join(directory, `config${suffix}`),
  }
}

const ours = /^(?:master(?:-(\d{1,4}))?\.key(?:\.former|\.next)?|(?:slot|config)(?:-(\d{1,4}))?)$/

/** Those of all repositories but `kept`. */
export async function removeKeyFiles(directory: string, kept?: number): Promise<void> {
  if (!(await exists(directory))) return
  const numbers = new Set(
    (await readdir(directory)).flatMap((name) => {
      const found = ours.exec(name)
      return found === null ? [] : [Number(found[1] ?? found[2] ?? 0)]
    }),
  )
  for (const number of numbers) {
    if (number === kept) continue
    const { masterKey, slotCopy, configCopy } = keyFilesOf(directory, number)
    await destroySecretFile(masterKey)
    for (const path of [slotCopy, configCopy]) await rm(path, { force: true })
  }
}
